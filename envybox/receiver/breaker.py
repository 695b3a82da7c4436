"""A circuit breaker: whether a backend that keeps failing is worth waiting for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from envybox.errors import BackendError, Rejected

T = TypeVar("T")

FAILURES = 3
"""How many failures in a row open it."""

RETRY_SECONDS = 1.0
"""How often one call is let through while it is open, to see whether the backend is back."""


class Breaker:
    """Closed until `FAILURES` calls in a row failed, and again when one succeeded.

    `answers`: errors that count as success, for the backend is up and others may be taken.
    """

    def __init__(
        self,
        *answers: type[BackendError],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answers: tuple[type[BackendError], ...] = (Rejected, *answers)
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0

    def allows(self) -> bool:
        """Whether to make a call now."""
        if self._failures < FAILURES:
            return True
        now = self._clock()
        if now < self._retry_at:
            return False
        self._retry_at = now + RETRY_SECONDS
        return True

    async def watch(self, call: Awaitable[T]) -> T:
        """Await a call, return what it returns, and take note of how it went."""
        try:
            result = await call
        except self._answers:
            self.succeeded()
            raise
        except BackendError:
            self.failed()
            raise
        self.succeeded()
        return result

    def succeeded(self) -> None:
        """Tell of a call that the backend answered, be it with a refusal of what was sent."""
        self._failures = 0

    def failed(self) -> None:
        """Tell of a call that the backend could not serve."""
        self._failures += 1
        self._retry_at = self._clock() + RETRY_SECONDS
