"""The two entry points' HTTP: requests in, answers and log lines out."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from envybox import settings
from envybox.errors import (
    BackendError,
    InvalidKey,
    Malformed,
    MethodNotAllowed,
    NotConfigured,
    RequestError,
    SettingsError,
)
from envybox.receiver import logs, spool
from envybox.receiver.flow import Flow
from envybox.receiver.keys import KeyRing, pairing_key, without_key
from envybox.receiver.normalize import NOT_NORMALIZED
from envybox.receiver.recovery import Recovery
from envybox.receiver.request import MAX_BODY, read_body, read_fields
from envybox.webhook import Fields, Webhook

MAX_ENVELOPE = 16 * 1024 * 1024
"""The largest push request of Pub/Sub, in bytes: a message of 10 MB in base64."""

RETRY_AFTER_SECONDS = 30
_UP = (
    "The Envybox receiver is up.\n"
    "Put this page's address into Envybox: widget → Settings → Integrations → webhook "
    "notifications.\n"
)
_WARNING_STATUSES = {"stored", "spooled"}
_ERROR_STATUSES = {"unavailable", "not_configured", "dead_lettered"}

Answer = tuple[Response, dict[str, Any]]


def start() -> App:
    """Return the app of this process's environment.

    A setting that cannot be used ends the process with one line that names it.
    """
    try:
        return App(settings.load())
    except SettingsError as error:
        sys.exit(f"envybox: {error}")


class App:
    """The receiver. Its backends connect at the first call: a wrong key touches none.

    Raises `SettingsError`.
    """

    def __init__(self, config: settings.Settings) -> None:
        self._settings = config
        self._keys = KeyRing(config)
        backend = importlib.import_module(f"envybox.{config.backend}")
        store, publisher = backend.open_backend(config)
        self._flow = Flow(config, store, publisher)
        self._recovery = Recovery(config, store, publisher, self._flow)

    async def webhook(self, request: Request) -> Response:
        """Answer Envybox."""
        return await self._serve("webhook", self._webhook, request)

    async def recover(self, request: Request) -> Response:
        """Answer Cloud Scheduler and the spool's subscription."""
        return await self._serve("recover", self._recover, request)

    async def _serve(
        self, component: str, handle: Callable[[Request], Awaitable[Answer]], request: Request
    ) -> Response:
        started = time.perf_counter()
        try:
            response, entry = await handle(request)
        except RequestError as error:
            response, entry = _refusal(error)
        except BackendError as error:
            response, entry = _unavailable()
            entry["cause"] = str(error)
        except Exception as error:  # noqa: BLE001 # a defect: the sender may try again
            response, entry = _unavailable()
            entry |= logs.of_defect(error)
        status = entry["status"]
        logs.write(
            {
                "severity": _severity(status, response.status_code),
                "message": f"{component}: {status}",
                "component": component,
                "http_status": response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                **entry,
                **logs.of_trace(request.headers, self._settings.project),
            }
        )
        return response

    async def _webhook(self, request: Request) -> Answer:
        if request.method in ("GET", "HEAD"):
            return Response(_UP, media_type="text/plain"), {"status": "ok"}
        if request.method != "POST":
            raise MethodNotAllowed("GET, HEAD, POST")
        webhook = await self._verified(request)
        outcome = await self._flow.receive(webhook)
        answer = {"status": outcome.status, "id": outcome.id}
        entry = {
            "status": outcome.status,
            "cause": outcome.cause,
            **logs.of_event(outcome.event, outcome.id),
        }
        if NOT_NORMALIZED in outcome.event.warnings:  # kept, and for us to mend
            entry |= {"severity": "ERROR", "error": NOT_NORMALIZED.reason}
        return _json(200, answer), entry

    async def _recover(self, request: Request) -> Answer:
        if request.method != "POST":
            raise MethodNotAllowed("POST")
        body = await _body(request, MAX_ENVELOPE)
        if body.strip() in (b"", b"{}"):
            report = msgspec.to_builtins(await self._recovery.run())
            return _json(200, report), {"status": "recovered", **report}
        drained = await self._recovery.drain(spool.open_envelope(body))
        entry = {
            "status": "dead_lettered" if drained.status == "dead_lettered" else "drained",
            "event_id": drained.id,
            "spool_age_seconds": drained.spool_age_seconds,
        }
        return _json(200, {"status": drained.status, "id": drained.id}), entry

    async def _verified(self, request: Request) -> Webhook:
        """Return the request's webhook, its key verified and taken out."""
        try:
            await self._keys.refresh()
        except SettingsError as error:  # the keys known so far stay
            logs.write({"severity": "ERROR", "message": f"webhook: keys not read: {error}"})
        body = b""
        try:
            body = await _body(request)
            fields, warnings = read_fields(
                body,
                request.headers.get("content-type", ""),
                request.scope["query_string"],
                ",".join(request.headers.getlist("content-encoding")),
            )
            account = self._verify(fields)
        except RequestError as error:
            refusal = error if self._keys.configured else NotConfigured()
            # Strangers post to any address, but hardly ever this name, which each webhook has.
            refusal.from_envybox = b"webhooktype" in body
            raise refusal from None
        fields, warnings = without_key(fields, warnings)
        return Webhook(
            account=account,
            received_at=datetime.now(UTC),
            fields=fields,
            warnings=tuple(warnings),
        )

    def _verify(self, fields: Fields) -> str:
        try:
            return self._keys.verify(fields)
        except (InvalidKey, NotConfigured):
            self._pair(fields)
            raise

    def _pair(self, fields: Fields) -> None:
        key = pairing_key(fields) if self._settings.pairing else None
        if key is not None:
            message = f"webhook: pairing: a webhook was refused that has the key {key}"
            logs.write({"severity": "NOTICE", "message": message})


async def _body(request: Request, limit: int = MAX_BODY) -> bytes:
    try:
        return await read_body(request.stream(), request.headers.get("content-length"), limit)
    except ClientDisconnect as error:
        raise Malformed("the body ended early") from error


def _json(status: int, content: object, **headers: str) -> Response:
    return Response(
        msgspec.json.encode(content), status, headers=headers, media_type="application/json"
    )


def _refusal(error: RequestError) -> Answer:
    content = {"error": error.code}
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = str(error.detail)
    elif error.detail:
        content["detail"] = error.detail
    entry = {"status": error.code, "from_envybox": error.from_envybox or None}
    return _json(error.status, content, **headers), entry


def _unavailable() -> Answer:
    response = _json(503, {"error": "unavailable"})
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response, {"status": "unavailable"}


def _severity(status: str, http_status: int) -> str:
    if status in _ERROR_STATUSES:
        return "ERROR"
    if status in _WARNING_STATUSES or http_status >= 400:
        return "WARNING"
    return "INFO"
