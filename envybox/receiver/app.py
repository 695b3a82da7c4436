"""The two entry points: requests in, answers and log lines out."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from envybox import settings
from envybox.errors import (
    InvalidKey,
    Malformed,
    MethodNotAllowed,
    NotConfigured,
    RequestError,
    SettingsError,
    TooSlow,
    Unavailable,
)
from envybox.event import FieldWarning
from envybox.ports.backend import Open
from envybox.receiver import answers, logs, spool
from envybox.receiver.admission import Admission
from envybox.receiver.answers import Answer
from envybox.receiver.deadline import BODY_SECONDS, ENVELOPE_SECONDS, TOTAL_SECONDS, Deadline
from envybox.receiver.flow import Flow
from envybox.receiver.keys import KeyRing, Verified, pairing_key
from envybox.receiver.outlet import Outlet
from envybox.receiver.recovery import Recovery
from envybox.receiver.request import MAX_BODY, read_body, read_fields
from envybox.webhook import Fields, Webhook

MAX_ENVELOPE = 16 * 1024 * 1024
"""The largest push request of Pub/Sub, in bytes: a message of 10 MB in base64."""


def start() -> App:
    """Return the app of this process's environment.

    A setting that cannot be used ends the process with one line that names it.
    """
    try:
        return App(settings.load())
    except SettingsError as error:
        sys.exit(f"envybox: {error}")


class App:
    """The receiver. Its backend connects at the first call: a wrong key touches none.

    `open_backend` is a backend's own; without it that of the settings' backend is used.
    Raises `SettingsError`.
    """

    def __init__(self, config: settings.Settings, open_backend: Open | None = None) -> None:
        self._settings = config
        self._keys = KeyRing(config)
        self._backend = (open_backend or _opener(config.backend))(config)
        admission = Admission(config, self._backend.store)
        outlet = Outlet(config, self._backend)
        self._flow = Flow(admission, outlet, has_spool=not self._backend.is_one)
        self._recovery = Recovery(config, self._backend.store, admission, outlet)

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
            answer = await handle(request)
        except Exception as error:  # noqa: BLE001 # a defect, too, is answered
            answer = answers.failed(error)
        logs.write(
            {
                "severity": answer.severity,
                "message": f"{component}: {answer.entry['status']}",
                "component": component,
                "http_status": answer.response.status_code,
                "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                **answer.entry,
                **logs.of_trace(request.headers, self._settings.project),
            }
        )
        return answer.response

    async def _webhook(self, request: Request) -> Answer:
        if request.method in ("GET", "HEAD"):
            return answers.up()
        if request.method != "POST":
            raise MethodNotAllowed("GET, HEAD, POST")
        deadline = Deadline(TOTAL_SECONDS)
        webhook = await self._verified(request)
        return answers.received(await self._flow.receive(webhook, deadline))

    async def _recover(self, request: Request) -> Answer:
        if request.method != "POST":
            raise MethodNotAllowed("POST")
        body = await _body(request, MAX_ENVELOPE, ENVELOPE_SECONDS)
        if body.strip() in (b"", b"{}"):
            return answers.recovered(await self._recovery.run())
        return answers.drained(await self._recovery.drain(spool.open_envelope(body)))

    async def _verified(self, request: Request) -> Webhook:
        """Return the request's webhook, its key verified and taken out."""
        try:
            await self._keys.refresh()
        except SettingsError as error:  # the keys known so far stay
            logs.write({"severity": "ERROR", "message": f"webhook: keys not read: {error}"})
        body = b""
        fields: Fields = []
        try:
            body = await _body(request, MAX_BODY, BODY_SECONDS)
            headers = request.headers
            fields, warnings = read_fields(
                body,
                headers.get("content-type", ""),
                request.scope["query_string"],
                ",".join(headers.getlist("content-encoding")),
            )
            verified = await self._admitted(fields, warnings)
        except RequestError as error:
            refusal = error if self._keys.configured else NotConfigured()
            refusal.from_envybox = _is_webhook(fields, body)
            if refusal.from_envybox and isinstance(error, InvalidKey | NotConfigured):
                self._pair(fields)
            raise refusal from None
        return Webhook(
            account=verified.account,
            received_at=datetime.now(UTC),
            fields=verified.fields,
            warnings=tuple(verified.warnings),
        )

    async def _admitted(self, fields: Fields, warnings: list[FieldWarning]) -> Verified:
        """Return what the key ring admits, by the keys as they are now.

        An instance that slept has old ones, and the new ones may be slow to come: what has no
        old key waits for them, and is not refused for good before. Raises `Unavailable` then.
        """
        try:
            return self._keys.admit(fields, warnings)
        except (InvalidKey, NotConfigured):
            if not self._keys.is_reading:
                raise
        if not await self._keys.settled():
            raise Unavailable("keys are being read")
        return self._keys.admit(fields, warnings)

    def _pair(self, fields: Fields) -> None:
        key = pairing_key(fields) if self._settings.pairing else None
        if key is not None:
            message = f"webhook: pairing: a webhook was refused that has the key {key}"
            logs.write({"severity": "NOTICE", "message": message})


def _opener(name: str) -> Open:
    try:
        open_backend: Open = importlib.import_module(f"envybox.{name}").open_backend
    except ModuleNotFoundError as error:
        raise SettingsError(
            "ENVYBOX_BACKEND", f"{name!r} is not here: what is deployed has `google` alone."
        ) from error
    return open_backend


def _is_webhook(fields: Fields, body: bytes) -> bool:
    """Whether a refused request looks like a webhook: it has the field that each webhook has.

    Strangers post to any address, but hardly ever this name. Where the fields could not be
    read, what was read of the body tells.
    """
    if fields:
        return any(name == "webhooktype" for name, _ in fields)
    return b"webhooktype" in body


async def _body(request: Request, limit: int, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await read_body(request.stream(), request.headers.get("content-length"), limit)
    except ClientDisconnect as error:
        raise Malformed("the body ended early") from error
    except TimeoutError as error:
        raise TooSlow(f"the body did not come within {seconds:g} s") from error
