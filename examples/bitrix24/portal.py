"""Bitrix24's REST API, called by an incoming webhook, whose URL is a secret.

Source: https://apidocs.bitrix24.com, "System errors" and "Limits".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from envybox.errors import Denied, Refused, Unavailable, UnknownOutcome
from envybox.subscriber import api
from envybox.subscriber.function import log

_NOT_NOW = frozenset(
    {
        "QUERY_LIMIT_EXCEEDED",  # 503: too many requests from this address
        "OPERATION_TIME_LIMIT",  # 429: this method has run for too long in ten minutes
        "INTERNAL_SERVER_ERROR",
        "ERROR_UNEXPECTED_ANSWER",
        # Somebody deleted the lead since it was found: it is looked for anew.
        "OWNER_NOT_FOUND",
        "NOT_FOUND",
    }
)
_DENIED = frozenset(
    {
        "OVERLOAD_LIMIT",  # 503: blocked by hand, until the support lifts it
        "PORTAL_DELETED",
        "ACCESS_DENIED",
        "WRONG_AUTH_TYPE",
        "ERROR_METHOD_NOT_FOUND",
    }
)
_MOST_REDIRECTS = 3


class Portal:
    """A portal. Raises `Unavailable` and `UnknownOutcome`, `Denied`, `Refused`.

    One request at a time needs no limit of its own: two a second are allowed for ever, and
    50 at once.
    """

    def __init__(self, webhook: str) -> None:
        self._url = webhook.rstrip("/")
        self._mode = 0

    @property
    def has_leads(self) -> bool:
        """Whether it works with leads. In the simple mode each is made a deal at once."""
        if not self._mode:
            self._mode = int(self.call("crm.settings.mode.get"))
        return self._mode != 2

    def call(self, method: str, **fields: Any) -> Any:
        """Call a method and return its result."""
        for _ in range(_MOST_REDIRECTS):
            answer = api.call("POST", f"{self._url}/{method}.json", json=fields)
            if answer.status not in (301, 302, 307, 308):
                break
            # The portal was renamed. A redirected POST loses its body in most clients.
            self._move(answer.headers.get("location", ""), method)
        content = answer.json()
        if answer.status == 200 and isinstance(content, dict) and "result" in content:
            return content["result"]
        raise _error(method, answer.status, content)

    def _move(self, location: str, method: str) -> None:
        old, new = urlsplit(self._url), urlsplit(location)
        if new.scheme != old.scheme or not new.hostname:
            raise Denied(f"{old.hostname} redirects to what is no portal's address")
        log("WARNING", f"the portal {old.hostname} is now {new.hostname}: set the webhook's URL")
        self._url = location.removesuffix(f"/{method}.json")


def _error(method: str, status: int, content: Any) -> Exception:
    code = str(content.get("error", "")) if isinstance(content, dict) else None
    text = f"Bitrix24 answered {method} with {status} {code or ''}".rstrip()
    if status == 200:
        return UnknownOutcome(f"{text}: no result")
    if code is None or code in _NOT_NOW:  # None: a page in HTML, of a proxy or on a limit
        return Unavailable(text)
    if code in _DENIED or status in (401, 403, 404):
        return Denied(text)
    if not code:  # `crm` rights are missing: the error has no name then
        return Denied(f"{text}: has the webhook's user the right?")
    return Unavailable(text) if status >= 500 or status == 429 else Refused(text)
