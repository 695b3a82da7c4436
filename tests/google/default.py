"""A stand-in for the runtime's credentials."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import google.auth.credentials

LONG = 20.0


class Default:
    """Stands for `google.auth.default`; counts how often it was asked, and tokens.

    While `gate` is closed neither it nor its credentials answer; each takes as long as
    `takes`, in seconds. `lasts` is a token's, None for one without an end; `then_lasts`,
    where it is set, that of those after the first. Its credentials fail with `error` where
    that is set.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.tokens = 0
        self.project: str | None = "found"
        self.takes = 0.0
        self.lasts: timedelta | None = None
        self.then_lasts: timedelta | None = None
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.called = threading.Event()

    def __call__(self, scopes: list[str]) -> tuple[Any, str | None]:
        assert ["https://www.googleapis.com/auth/cloud-platform"] == scopes
        self.asked += 1
        self.pause()
        return Credentials(self), self.project

    def pause(self) -> None:
        """Wait for the gate, then fail where that is ordered."""
        self.called.set()
        assert self.gate.wait(LONG)
        time.sleep(self.takes)
        if self.error is not None:
            raise self.error


class Credentials(google.auth.credentials.Credentials):  # type: ignore[misc]
    """Credentials as the runtime's: a token by each refresh."""

    def __init__(self, default: Default) -> None:
        super().__init__()
        self._default = default

    def refresh(self, _request: Any) -> None:
        self._default.pause()
        lasts = self._default.lasts
        self.expiry = None if lasts is None else (datetime.now(UTC) + lasts).replace(tzinfo=None)
        self._default.tokens += 1
        self.token = f"token {self._default.tokens}"
        if self._default.then_lasts is not None:
            self._default.lasts = self._default.then_lasts
