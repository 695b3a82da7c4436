from __future__ import annotations

import pytest

from envybox.receiver.breaker import FAILURES, RETRY_SECONDS, Breaker


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The breaker's clock."""
    return Clock()


@pytest.fixture
def open_breaker(clock: Clock) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES):
        breaker.failed()
    return breaker


def test_closed_at_first() -> None:
    """A new breaker allows every call."""
    breaker = Breaker()
    assert [True] * 10 == [breaker.allows() for _ in range(10)]


def test_opens(clock: Clock) -> None:
    """Failures in a row open it, and not one of them less."""
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()


def test_success_between(clock: Clock) -> None:
    """Failures that are not in a row do not open it."""
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES * 3):
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_lets_one_through(clock: Clock, open_breaker: Breaker) -> None:
    """While it is open one call a second is allowed, and the others are not."""
    clock.now += RETRY_SECONDS - 0.001
    assert not open_breaker.allows()
    clock.now += 0.001
    assert [True, False, False] == [open_breaker.allows() for _ in range(3)]
    clock.now += RETRY_SECONDS
    assert [True, False] == [open_breaker.allows() for _ in range(2)]


def test_failed_trial(clock: Clock, open_breaker: Breaker) -> None:
    """A call that is let through and fails, however late, keeps it open for another second."""
    clock.now += RETRY_SECONDS
    assert open_breaker.allows()
    clock.now += RETRY_SECONDS * 5
    open_breaker.failed()
    assert not open_breaker.allows()
    clock.now += RETRY_SECONDS
    assert open_breaker.allows()


def test_closes(clock: Clock, open_breaker: Breaker) -> None:
    """One success closes it for all, and it takes as many failures again to open it."""
    clock.now += RETRY_SECONDS
    assert open_breaker.allows()
    open_breaker.succeeded()
    open_breaker.failed()
    assert [True] * 10 == [open_breaker.allows() for _ in range(10)]
