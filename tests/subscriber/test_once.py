"""One suite for all keepers: what `Once` promises, whoever keeps it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, tzinfo

import pytest

from envybox import (
    FirestoreKeeper,
    InProgress,
    Once,
    Turn,
    TurnLost,
)
from envybox.subscriber.keepers import Keeper
from envybox.subscriber.keepers import firestore as firestore_module
from tests.subscriber.acting import (
    INFO,
    NO_TIME,
    STARTED,
    act,
    during,
    replayed,
)


def test_once(keeper: Keeper) -> None:
    """An event that comes again is done, and what it left is there."""
    once = Once(keeper, name="test")
    with once(INFO) as turn:
        assert (False, False, None) == (turn.done, turn.repeats, turn.result)
        turn.result = {"lead": 5, "имя": ["а", None]}
    for _ in range(2):
        with once(INFO) as turn:
            assert (True, {"lead": 5, "имя": ["а", None]}) == (turn.done, turn.result)
            turn.result = "too late"
    assert act(once, STARTED)


def test_in_progress(keeper: Keeper) -> None:
    """While one run has the key, another is refused, and the first is not disturbed."""
    once = Once(keeper, name="test")
    with once(INFO) as turn:
        with pytest.raises(InProgress, match="test: another run has this key now"):
            act(once, INFO)
        turn.result = 1
    with once(INFO) as turn:
        assert (True, 1) == (turn.done, turn.result)


def test_names(keeper: Keeper) -> None:
    """Subscribers that share a keeper do not take each other's keys."""
    assert act(Once(keeper, name="telegram"), INFO)
    assert act(Once(keeper, name="bitrix24"), INFO)
    assert not act(Once(keeper, name="telegram"), INFO)


@pytest.mark.parametrize("name", ["", "a/b", "_a", "a#b", "а", "a" * 101, "a\n"])
def test_a_name_that_cannot_be_used(name: str) -> None:
    """A name that could run into a key, or be none of a document's, is refused at the start."""
    with pytest.raises(ValueError, match="letters, digits"):
        Once(keeper=None, name=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_fails(keeper: Keeper, error: type[BaseException]) -> None:
    """A run that raises gives the key back, and its error is the one that comes out."""
    once = Once(keeper, name="test")
    with pytest.raises(error), once(INFO):
        raise error
    with once(INFO) as turn:
        assert (False, False, None) == (turn.done, turn.repeats, turn.result)


def test_one_of_many(keeper: Keeper) -> None:
    """Of many runs at the same time one acts; the others are refused, or find it done."""
    once = Once(keeper, name="test")
    acts: list[int] = []
    together = threading.Barrier(6)

    def run(number: int) -> bool | None:
        together.wait(30)
        try:
            with once("call/1") as turn:
                if not turn.done:
                    acts.append(number)
                    turn.result = number
                return turn.done
        except InProgress:
            return None

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(run, range(6)))
    assert (1, 1) == (len(acts), told.count(False))
    with once("call/1") as turn:
        assert acts == [turn.result]


@pytest.mark.parametrize("key", ["call/1", "визит/Анна", "a" * 3000, ".", "__x__", "a b\n\0", ""])
def test_any_key(keeper: Keeper, key: str) -> None:
    """A key of one's own may be any text, and is told from all others."""
    once = Once(keeper, name="test")
    assert act(once, key)
    assert not act(once, key)
    assert act(once, key + "x")


def test_lock_ran_out(keeper: Keeper) -> None:
    """A run that outlives its lock is taken over, and cannot write over what came after it."""
    slow, quick = Once(keeper, name="test", lock=NO_TIME), Once(keeper, name="test")

    def overtake(first: Turn) -> None:
        first.result = "first"
        with quick(INFO) as second:
            assert (False, True, None) == (second.done, second.repeats, second.result)
            second.result = "second"

    with pytest.raises(TurnLost):
        during(slow(INFO), overtake)
    with quick(INFO) as turn:
        assert (True, "second") == (turn.done, turn.result)


def test_lock_ran_out_while_both_work(keeper: Keeper) -> None:
    """The first's end does not end the second's turn: a third is still refused."""
    slow, quick = Once(keeper, name="test", lock=NO_TIME), Once(keeper, name="test")
    first, second = slow(INFO), quick(INFO)
    first.__enter__()
    turn = second.__enter__()
    with pytest.raises(TurnLost):
        first.__exit__(None, None, None)
    with pytest.raises(InProgress):
        act(quick, INFO)
    turn.result = "second"
    second.__exit__(None, None, None)
    assert not act(quick, INFO)


def test_lock_ran_out_and_nobody_came(keeper: Keeper) -> None:
    """A run that outlives its lock while nobody wants the key ends as any other."""
    assert act(Once(keeper, name="test", lock=NO_TIME), INFO, 1)
    assert not act(Once(keeper, name="test"), INFO)


def test_lock_ran_out_and_the_next_failed(keeper: Keeper) -> None:
    """Where the one that took over fails, the doubt about the first stays for the third."""
    slow, quick = Once(keeper, name="test", lock=NO_TIME), Once(keeper, name="test")

    def fail_and_try_again(_: Turn) -> None:
        with pytest.raises(ValueError, match="no"), quick(INFO):
            raise ValueError("no")
        with quick(INFO) as third:
            assert (False, True) == (third.done, third.repeats)

    with pytest.raises(TurnLost):
        during(slow(INFO), fail_and_try_again)
    assert not act(quick, INFO)


def test_a_lock_counts_as_its_holder_took_it(keeper: Keeper) -> None:
    """How long a key is held is the holder's to say, not that of the one who wants it."""
    with Once(keeper, name="test")(INFO), pytest.raises(InProgress):
        act(Once(keeper, name="test", lock=NO_TIME), INFO)


@pytest.mark.parametrize("hours", [-1, 1])
def test_clocks_apart(keeper: Keeper, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """A machine whose clock is wrong by an hour neither takes a key over nor gives one up."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # not Self
            return datetime.now(tz) + timedelta(hours=hours)

    once = Once(keeper, name="test")
    with once(INFO):
        monkeypatch.setattr(firestore_module, "datetime", Wrong)
        if not isinstance(keeper, FirestoreKeeper):  # gRPC's own deadlines would be wrong too
            wrong = time.time() + 3600 * hours
            monkeypatch.setattr(time, "time", lambda: wrong)
        with pytest.raises(InProgress):
            act(once, INFO)
    assert not act(once, INFO)
    with pytest.raises(TurnLost):
        during(Once(keeper, name="test", lock=NO_TIME)(STARTED), lambda _: act(once, STARTED))


def test_forgotten(keeper: Keeper) -> None:
    """What was done longer ago than it is kept is done again, as if it were new."""
    assert act(Once(keeper, name="test"), INFO, "kept")
    with Once(keeper, name="test", keep=NO_TIME)(INFO) as turn:
        assert (False, False, None) == (turn.done, turn.repeats, turn.result)


# Replays.


def test_replays_are_skipped(keeper: Keeper) -> None:
    """A replay of what was done is done; of what was not, it is new."""
    once = Once(keeper, name="test")
    assert act(once, INFO)
    assert not act(once, replayed(INFO, "may", again=False))
    assert act(once, replayed(STARTED, "may", again=False))
    assert not act(once, STARTED)


def test_replays_that_are_to_be_done_again(keeper: Keeper) -> None:
    """A replay that says so is done again: once for each replay, however often it comes."""
    once = Once(keeper, name="test")
    assert act(once, INFO)
    may, june = (replayed(INFO, name, again=True) for name in ("may", "june"))
    assert [True, False, True, False] == [act(once, event) for event in (may, may, june, june)]
    assert not act(once, INFO)
