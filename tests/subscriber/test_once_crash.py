from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from envybox import (
    InProgress,
    MemoryKeeper,
    Once,
    Unavailable,
)
from envybox.subscriber.keepers import Entry, Keeper
from tests.subscriber.acting import (
    INFO,
    NO_TIME,
    STARTED,
    Crash,
    Frail,
    act,
    killed,
)

# What is left.


@pytest.mark.parametrize("result", [object(), {1: object()}, "\ud800", "a" * 100_000, {(1, 2): 3}])
def test_a_result_that_cannot_be_kept(keeper: Keeper, result: Any) -> None:
    """It is told, and kept as null; the act is done all the same, and not done again."""
    once = Once(keeper, name="test")
    with pytest.raises(TypeError, match=r"turn.result .*: it was kept as null"):
        act(once, INFO, result)
    with once(INFO) as turn:
        assert (True, None) == (turn.done, turn.result)


# Crashes, and answers that are lost.


def _crashing(keeper: Keeper, dies_at: int, acts: list[str], taken_over: bool) -> None:
    if taken_over:
        killed(keeper, INFO)
    once = Once(Frail(keeper, dies_at), name="test", lock=NO_TIME)
    with pytest.raises(Crash), once(INFO) as turn:
        acts.append("repeats" if turn.repeats else "first")

    # Not before here: a dead process says nothing more, so neither has it given back.


@pytest.mark.parametrize("taken_over", [False, True])
@pytest.mark.parametrize("dies_at", range(8))
def test_crash_at_each_step(keeper: Keeper, dies_at: int, taken_over: bool) -> None:
    """Wherever a run dies, the act is done, and where it is done again the run was told so."""
    steps = 8 if taken_over else 4  # create, (read, replace,) replace: before and after each
    if dies_at >= steps:
        return
    acts: list[str] = []
    _crashing(keeper, dies_at, acts, taken_over)
    with Once(keeper, name="test")(INFO) as turn:
        if not turn.done:
            acts.append("repeats" if turn.repeats else "first")

    assert 1 <= len(acts) <= 2
    assert ["repeats"] * (len(acts) - 1) == acts[1:]
    assert not act(Once(keeper, name="test"), INFO)


class Twice:
    """A client that lost the answer of a write, and makes it again by itself."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def create(self, *arguments: Any, **named: Any) -> Any:
        self._keeper.create(*arguments, **named)
        return self._keeper.create(*arguments, **named)

    def replace(self, *arguments: Any, **named: Any) -> Any:
        self._keeper.replace(*arguments, **named)
        return self._keeper.replace(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keeper, name)


def test_writes_that_are_made_twice(keeper: Keeper) -> None:
    """A write whose answer was lost, and which was made again, is known for the run's own."""
    once = Once(Twice(keeper), name="test")
    assert act(once, INFO, 1)
    assert not act(once, INFO)
    with once.subject(STARTED) as turn:
        turn.result = 1
    with once.subject(INFO) as turn:
        assert (False, 1) == (turn.done, turn.result)


def test_given_back_in_between() -> None:
    """A key that is given back between a refusal and the look at it is taken."""

    class Late(MemoryKeeper):
        refusals = 1

        def create(self, key: str, entry: Entry, *, keep: timedelta) -> object | None:
            if self.refusals:
                self.refusals -= 1
                return None
            return super().create(key, entry, keep=keep)

    assert act(Once(Late(), name="test"), INFO)


def test_others_are_faster() -> None:
    """A run that again and again finds another version is refused, and does not try for ever."""

    class Contended(MemoryKeeper):
        def replace(self, *_: object, **__: object) -> object | None:
            return None

    keeper = Contended()
    killed(keeper, INFO)
    with pytest.raises(InProgress, match="other runs are faster"):
        act(Once(keeper, name="test"), INFO)


def test_keeper_is_down() -> None:
    """Where the keeper fails, nothing is done; where it fails after the act, that is told."""

    class Down(MemoryKeeper):
        up = 0

        def create(self, key: str, entry: Entry, *, keep: timedelta) -> object | None:
            if not self.up:
                raise Unavailable("DOWN")
            return super().create(key, entry, keep=keep)

        def replace(self, *_: object, **__: object) -> object | None:
            raise Unavailable("DOWN")

        def delete(self, *_: object) -> None:
            raise Unavailable("DOWN")

    keeper, acts = Down(), []
    for up in (0, 1):
        keeper.up = up
        with pytest.raises(Unavailable), Once(keeper, name="test")(INFO):
            acts.append(up)
    with pytest.raises(ValueError, match="the act's own"), Once(keeper, name="test")(STARTED):
        raise ValueError("the act's own")
    assert [1] == acts
