"""Answers: what a request is told, and the line that the log has of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from envybox.errors import BackendError, MethodNotAllowed, RequestError
from envybox.receiver import logs
from envybox.receiver.flow import Outcome
from envybox.receiver.normalize import NOT_NORMALIZED
from envybox.receiver.recovery import Drained, Report

RETRY_AFTER_SECONDS = 30
_UP = (
    "The Envybox receiver is up.\n"
    "Put this page's address into Envybox: widget → Settings → Integrations → webhook "
    "notifications.\n"
)
_WARNINGS = {"stored", "spooled"}
_ERRORS = {"unavailable", "not_configured", "dead_lettered"}


class Answer(NamedTuple):
    """A response, and the members of its log line: `status` and what else is to be told."""

    response: Response
    entry: dict[str, Any]

    @property
    def severity(self) -> str:
        """How grave it is, in Cloud Logging's words."""
        status = self.entry["status"]
        if status in _ERRORS:
            return "ERROR"
        if status in _WARNINGS or self.response.status_code >= 400:
            return "WARNING"
        return "INFO"


def up() -> Answer:
    """Return the answer to who looks whether the receiver is there."""
    return Answer(Response(_UP, media_type="text/plain"), {"status": "ok"})


def received(outcome: Outcome) -> Answer:
    """Return the answer to a webhook that is safe."""
    entry = {
        "status": outcome.status,
        "cause": outcome.cause,
        **logs.of_event(outcome.event, outcome.id),
    }
    if NOT_NORMALIZED in outcome.event.warnings:  # kept, and for us to mend
        entry |= {"severity": "ERROR", "error": NOT_NORMALIZED.reason}
    return Answer(_json(200, {"status": outcome.status, "id": outcome.id}), entry)


def recovered(report: Report) -> Answer:
    """Return the answer to a run of recovery."""
    content = msgspec.to_builtins(report)
    return Answer(_json(200, content), {"status": "recovered", **content})


def drained(drain: Drained) -> Answer:
    """Return the answer to a spool message that need not come again."""
    entry = {
        "status": "dead_lettered" if drain.status == "dead_lettered" else "drained",
        "event_id": drain.id,
        "spool_age_seconds": drain.spool_age_seconds,
        "cause": drain.reason,
    }
    return Answer(_json(200, {"status": drain.status, "id": drain.id}), entry)


def failed(error: Exception) -> Answer:
    """Return the answer to a request that is refused, or was for nothing."""
    if isinstance(error, RequestError):
        return _refused(error)
    response = _json(503, {"error": "unavailable"})
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    entry: dict[str, Any] = {"status": "unavailable"}
    if isinstance(error, BackendError):
        entry["cause"] = str(error)
    else:  # a defect: the sender may try again
        entry |= logs.of_defect(error)
    return Answer(response, entry)


def _refused(error: RequestError) -> Answer:
    content = {"error": error.code}
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = str(error.detail)
    elif error.detail:
        content["detail"] = error.detail
    entry = {"status": error.code, "from_envybox": error.from_envybox or None}
    return Answer(_json(error.status, content, **headers), entry)


def _json(status: int, content: object, **headers: str) -> Response:
    return Response(
        msgspec.json.encode(content), status, headers=headers, media_type="application/json"
    )
