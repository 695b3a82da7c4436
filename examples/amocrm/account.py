"""The API (v4) of amoCRM, which abroad is Kommo, with a long-lived token.

Sources: https://www.amocrm.ru/developers, github amocrm/amocrm-api-php.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from envybox.errors import Denied, Refused, Unavailable
from envybox.subscriber import api

PACE_SECONDS = 0.16
"""Seven requests a second are allowed, over that 429, and after some of those a block."""

PAUSE_SECONDS = 60.0
"""After a 429 nothing is asked for so long: who goes on asking is blocked, for good."""


class FieldsRefused(Refused):
    """A custom field that the account does not have, or that takes no such value."""


class Account:
    """An account. Raises `Unavailable` and `UnknownOutcome`, `Denied`, `Refused`."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v4"
        self._headers = {"authorization": f"Bearer {token}"}
        self._next = 0.0
        self._turn = threading.Lock()
        self.clock: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], None] = time.sleep

    def get(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return what is found, of whatever kind the path's last word says."""
        content = self._call("GET", path, query=query)
        items: list[dict[str, Any]] = next(iter(content.get("_embedded", {}).values()), [])
        return items

    def add(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        """Add one thing, and return the answer. All adds take lists."""
        return self._call("POST", path, json=[{"request_id": "0", **item}])

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        with self._turn:  # should an instance be given several requests at once
            wait = self._next - self.clock()
            if wait > 1:  # no pace, but the pause
                raise Unavailable("amoCRM answered 429 a moment ago: nothing is asked now")
            if wait > 0:
                self.sleep(wait)
            self._next = self.clock() + PACE_SECONDS  # before it is sent: no answer may come
        answer = api.call(method, f"{self._url}/{path}", headers=self._headers, **sent)
        if answer.status == 429:
            self._next = self.clock() + PAUSE_SECONDS
        if answer.status == 204:  # nothing is found
            return {}
        content = answer.json()
        if answer.status in (200, 201, 202) and isinstance(content, dict):
            return content
        raise _error(path, answer.status, content)


def _error(path: str, status: int, content: Any) -> Exception:
    kind = path.partition("/")[0]
    text = f"amoCRM answered {kind} with {status}"
    if status in (408, 409, 429) or status >= 500 or status == 200:
        return Unavailable(text)
    if status in (401, 402):
        return Denied(f"{text}: is the token valid, and the account paid for?")
    if status == 403:
        return Denied(f"{text}: no right, or blocked for too many requests (ask the support)")
    if not isinstance(content, dict):  # a page of another server: the domain is wrong
        return Denied(f"{text}: is the domain right?")
    problems = [
        (str(error.get("code")), str(error.get("path")))
        for one in content.get("validation-errors", [])
        for error in one.get("errors", [])
    ]
    told = ", ".join(f"{code} {place}" for code, place in problems)
    if any("custom_fields_values" in place for _, place in problems):
        return FieldsRefused(f"{text}: {told}")
    return Refused(f"{text}: {told}" if told else text)
