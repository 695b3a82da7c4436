"""A subscriber that acts once, and one that dies while it does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from envybox import (
    Event,
    Once,
    Turn,
    read_event,
)
from envybox.subscriber.keepers import Keeper
from envybox.testing import push, sample

STARTED, INFO = sample("call.started"), sample("call.info")
NO_TIME = timedelta(0)
"""A lock that has run out as soon as it is taken: nobody need wait for it."""


def replayed(event: Event, name: str, *, again: bool) -> Event:
    """Return an event as a replay of this name sends it."""
    return read_event(push(event, replay=name, again=again).body)


def act(once: Once, event: Event | str, result: Any = None) -> bool:
    """Do it once; tell whether it was done now."""
    with once(event) as turn:
        if not turn.done:
            turn.result = result
        return not turn.done


def during(turns: AbstractContextManager[Turn], then: Callable[[Turn], Any]) -> None:
    """Do something in the midst of a turn."""
    with turns as turn:
        then(turn)


class Crash(BaseException):
    """The process is dead: it does nothing any more."""


class Frail:
    """A keeper whose process dies at a call: before it (even numbers) or after it (odd ones)."""

    def __init__(self, keeper: Keeper, dies_at: int) -> None:
        self._keeper = keeper
        self._step = -1
        self._dies_at = dies_at

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._next()
            result = getattr(self._keeper, name)(*arguments, **named)
            self._next()
            return result

        return call

    def _next(self) -> None:
        self._step += 1
        if self._step >= self._dies_at:
            raise Crash


def killed(keeper: Keeper, event: Event, *, subject: bool = False) -> None:
    """Begin a turn and die in it; its lock has run out."""
    once = Once(Frail(keeper, 1), name="test", lock=NO_TIME)
    with pytest.raises(Crash):
        (once.subject if subject else once)(event).__enter__()
