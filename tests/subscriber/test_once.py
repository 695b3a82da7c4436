"""One suite for all keepers: what `Once` promises, whoever keeps it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from envybox import (
    Event,
    FirestoreKeeper,
    InProgress,
    MemoryKeeper,
    Once,
    SQLiteKeeper,
    Turn,
    TurnLost,
    Unavailable,
    read_event,
)
from envybox.subscriber import once as once_module
from envybox.subscriber.keepers import Entry, Found, Keeper
from envybox.subscriber.keepers import firestore as firestore_module
from envybox.testing import push, sample

STARTED, INFO = sample("call.started"), sample("call.info")
NO_TIME = timedelta(0)
"""A lock that has run out as soon as it is taken: nobody need wait for it."""


def _replayed(event: Event, name: str, *, again: bool) -> Event:
    return read_event(push(event, replay=name, again=again).body)


def _act(once: Once, event: Event | str, result: Any = None) -> bool:
    """Do it once; tell whether it was done now."""
    with once(event) as turn:
        if not turn.done:
            turn.result = result
        return not turn.done


def _during(turns: AbstractContextManager[Turn], then: Callable[[Turn], Any]) -> None:
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


def _killed(keeper: Keeper, event: Event, *, subject: bool = False) -> None:
    """Begin a turn and die in it; its lock has run out."""
    once = Once(Frail(keeper, 1), name="test", lock=NO_TIME)
    with pytest.raises(Crash):
        (once.subject if subject else once)(event).__enter__()


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
    assert _act(once, STARTED)


def test_in_progress(keeper: Keeper) -> None:
    """While one run has the key, another is refused, and the first is not disturbed."""
    once = Once(keeper, name="test")
    with once(INFO) as turn:
        with pytest.raises(InProgress, match="test: another run has this key now"):
            _act(once, INFO)
        turn.result = 1
    with once(INFO) as turn:
        assert (True, 1) == (turn.done, turn.result)


def test_names(keeper: Keeper) -> None:
    """Subscribers that share a keeper do not take each other's keys."""
    assert _act(Once(keeper, name="telegram"), INFO)
    assert _act(Once(keeper, name="bitrix24"), INFO)
    assert not _act(Once(keeper, name="telegram"), INFO)


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
    assert _act(once, key)
    assert not _act(once, key)
    assert _act(once, key + "x")


def test_lock_ran_out(keeper: Keeper) -> None:
    """A run that outlives its lock is taken over, and cannot write over what came after it."""
    slow, quick = Once(keeper, name="test", lock=NO_TIME), Once(keeper, name="test")

    def overtake(first: Turn) -> None:
        first.result = "first"
        with quick(INFO) as second:
            assert (False, True, None) == (second.done, second.repeats, second.result)
            second.result = "second"

    with pytest.raises(TurnLost):
        _during(slow(INFO), overtake)
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
        _act(quick, INFO)
    turn.result = "second"
    second.__exit__(None, None, None)
    assert not _act(quick, INFO)


def test_lock_ran_out_and_nobody_came(keeper: Keeper) -> None:
    """A run that outlives its lock while nobody wants the key ends as any other."""
    assert _act(Once(keeper, name="test", lock=NO_TIME), INFO, 1)
    assert not _act(Once(keeper, name="test"), INFO)


def test_lock_ran_out_and_the_next_failed(keeper: Keeper) -> None:
    """Where the one that took over fails, the doubt about the first stays for the third."""
    slow, quick = Once(keeper, name="test", lock=NO_TIME), Once(keeper, name="test")

    def fail_and_try_again(_: Turn) -> None:
        with pytest.raises(ValueError, match="no"), quick(INFO):
            raise ValueError("no")
        with quick(INFO) as third:
            assert (False, True) == (third.done, third.repeats)

    with pytest.raises(TurnLost):
        _during(slow(INFO), fail_and_try_again)
    assert not _act(quick, INFO)


def test_a_lock_counts_as_its_holder_took_it(keeper: Keeper) -> None:
    """How long a key is held is the holder's to say, not that of the one who wants it."""
    with Once(keeper, name="test")(INFO), pytest.raises(InProgress):
        _act(Once(keeper, name="test", lock=NO_TIME), INFO)


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
            _act(once, INFO)
    assert not _act(once, INFO)
    with pytest.raises(TurnLost):
        _during(Once(keeper, name="test", lock=NO_TIME)(STARTED), lambda _: _act(once, STARTED))


def test_forgotten(keeper: Keeper) -> None:
    """What was done longer ago than it is kept is done again, as if it were new."""
    assert _act(Once(keeper, name="test"), INFO, "kept")
    with Once(keeper, name="test", keep=NO_TIME)(INFO) as turn:
        assert (False, False, None) == (turn.done, turn.repeats, turn.result)


# Replays.


def test_replays_are_skipped(keeper: Keeper) -> None:
    """A replay of what was done is done; of what was not, it is new."""
    once = Once(keeper, name="test")
    assert _act(once, INFO)
    assert not _act(once, _replayed(INFO, "may", again=False))
    assert _act(once, _replayed(STARTED, "may", again=False))
    assert not _act(once, STARTED)


def test_replays_that_are_to_be_done_again(keeper: Keeper) -> None:
    """A replay that says so is done again: once for each replay, however often it comes."""
    once = Once(keeper, name="test")
    assert _act(once, INFO)
    may, june = (_replayed(INFO, name, again=True) for name in ("may", "june"))
    assert [True, False, True, False] == [_act(once, event) for event in (may, may, june, june)]
    assert not _act(once, INFO)


# What an event is about.


def test_subject(keeper: Keeper) -> None:
    """Each event of a call has its turn once, and finds what the one before it left."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED) as turn:
        assert (False, None) == (turn.done, turn.result)
        turn.result = {"lead": 342}
    with once.subject(INFO) as turn:
        assert (False, False, {"lead": 342}) == (turn.done, turn.repeats, turn.result)
    for event in (STARTED, INFO):
        with once.subject(event) as turn:
            assert (True, {"lead": 342}) == (turn.done, turn.result)
    with once.subject(_replayed(STARTED, "may", again=True)) as turn:
        assert (False, {"lead": 342}) == (turn.done, turn.result)


def test_subject_is_locked(keeper: Keeper) -> None:
    """While one event of a call has its turn, the others wait; those of another call do not."""
    once = Once(keeper, name="crm")
    other = sample("call.info", call={"id": "9000009"})
    with once.subject(STARTED):
        with pytest.raises(InProgress):
            once.subject(INFO).__enter__()
        with once.subject(other) as turn:
            assert not turn.done


def test_subject_of_ones_own(keeper: Keeper) -> None:
    """With a key of one's own, events of several calls share a turn, a lock and a result."""
    once = Once(keeper, name="crm")
    other = sample("call.info", call={"id": "9000009"})
    phone = "+79000000000"
    with once.subject(INFO, key=phone) as turn:
        assert (False, None) == (turn.done, turn.result)
        with pytest.raises(InProgress):
            once.subject(other, key=phone).__enter__()
        turn.result = "lead"
    with once.subject(other, key=phone) as turn:
        assert (False, "lead") == (turn.done, turn.result)
    with once.subject(INFO, key=phone) as turn:
        assert (True, "lead") == (turn.done, turn.result)


@pytest.mark.parametrize("key", [None, ""])
def test_subject_where_ones_own_is_missing(keeper: Keeper, key: str | None) -> None:
    """Without the key, such as a phone that was not said, it is what the event is about."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED, key=key) as turn:
        turn.result = "lead"
    with once.subject(INFO) as turn:
        assert (False, "lead") == (turn.done, turn.result)


def test_subject_of_a_run_that_fails(keeper: Keeper) -> None:
    """A run that fails leaves what was there before it."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED) as turn:
        turn.result = "lead"

    def fail(turn: Turn) -> None:
        turn.result = "wrong"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        _during(once.subject(INFO), fail)
    with once.subject(INFO) as turn:
        assert (False, False, "lead") == (turn.done, turn.repeats, turn.result)


def test_subject_in_doubt(keeper: Keeper) -> None:
    """After a run that never ended, events of the call are told so, until it is done itself."""
    once = Once(keeper, name="test")
    result = sample("call.result", call={"id": "9000001"})
    _killed(keeper, STARTED, subject=True)
    for event, repeats in ((INFO, True), (STARTED, True), (result, False)):
        with once.subject(event) as turn:
            assert (False, repeats) == (turn.done, turn.repeats)


def test_no_subject(keeper: Keeper) -> None:
    """An event that is about nothing is its own subject."""
    once = Once(keeper, name="crm")
    event = sample("lead.video", visitor={"id": None})
    for done in (False, True):
        with once.subject(event) as turn:
            assert done == turn.done


def test_much_about_one(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one subject the latest events are remembered, no more than there is room for."""
    monkeypatch.setattr(once_module, "MOST_DONE", 3)
    once = Once(keeper, name="crm")
    events = [sample("call.info", extra={"n": str(n)}) for n in range(5)]
    for event in events:
        with once.subject(event) as turn:
            assert not turn.done
    dones = []
    for event in events[2:]:
        with once.subject(event) as turn:
            dones.append(turn.done)
    assert [True] * 3 == dones
    with once.subject(events[0]) as turn:
        assert not turn.done


# What is left.


@pytest.mark.parametrize("result", [object(), {1: object()}, "\ud800", "a" * 100_000, {(1, 2): 3}])
def test_a_result_that_cannot_be_kept(keeper: Keeper, result: Any) -> None:
    """It is told, and kept as null; the act is done all the same, and not done again."""
    once = Once(keeper, name="test")
    with pytest.raises(TypeError, match=r"turn.result .*: it was kept as null"):
        _act(once, INFO, result)
    with once(INFO) as turn:
        assert (True, None) == (turn.done, turn.result)


# Crashes, and answers that are lost.


def _crashing(keeper: Keeper, dies_at: int, acts: list[str], taken_over: bool) -> None:
    if taken_over:
        _killed(keeper, INFO)
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
    assert not _act(Once(keeper, name="test"), INFO)


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
    assert _act(once, INFO, 1)
    assert not _act(once, INFO)
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

    assert _act(Once(Late(), name="test"), INFO)


def test_others_are_faster() -> None:
    """A run that again and again finds another version is refused, and does not try for ever."""

    class Contended(MemoryKeeper):
        def replace(self, *_: object, **__: object) -> object | None:
            return None

    keeper = Contended()
    _killed(keeper, INFO)
    with pytest.raises(InProgress, match="other runs are faster"):
        _act(Once(keeper, name="test"), INFO)


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


def test_found_is_what_was_written(keeper: Keeper) -> None:
    """A keeper gives back what it was given, its version and its age."""
    entry = Entry(
        token="t", running="call/1", lock_seconds=0.5, done=["a"], doubt=["б"], result="1"
    )
    version = keeper.create("test#a", entry, keep=timedelta(days=1))
    found = keeper.read("test#a")
    assert found == Found(entry=entry, version=version, age=found.age if found else NO_TIME)
    assert keeper.create("test#a", entry, keep=timedelta(days=1)) is None
    newer = keeper.replace("test#a", Entry(token="u"), version, keep=timedelta(days=1))
    assert keeper.replace("test#a", entry, version, keep=timedelta(days=1)) is None
    keeper.delete("test#a", version)
    assert keeper.read("test#a") is not None
    keeper.delete("test#a", newer)
    keeper.delete("test#a", newer)
    assert (None, None) == (
        keeper.read("test#a"),
        keeper.replace("test#a", entry, newer, keep=timedelta(days=1)),
    )


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A keeper's file that cannot be opened is told as what may work later; nothing is done."""
    with pytest.raises(Unavailable, match="SQLITE_CANTOPEN"):
        _act(Once(SQLiteKeeper(tmp_path), name="test"), INFO)


def test_a_file_that_another_reads(tmp_path: Path) -> None:
    """A new file that another process reads just now is waited for: no act fails for that."""
    reader = sqlite3.connect(tmp_path / "once.db", isolation_level=None, check_same_thread=False)
    reader.execute("CREATE TABLE other (one)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM other").fetchall()
    ends = threading.Timer(0.2, reader.rollback)
    ends.start()
    assert _act(Once(SQLiteKeeper(tmp_path / "once.db"), name="test"), INFO)
    ends.join()
    # Two that switch a new file to SQLite's log at the same time do not wait for each other.
    assert ("delete",) == reader.execute("PRAGMA journal_mode").fetchone()
    reader.close()


def test_what_has_expired_is_deleted(tmp_path: Path) -> None:
    """SQLite's keeper forgets what is of no use any more: the file does not grow for ever."""
    keeper = SQLiteKeeper(tmp_path / "once.db")
    assert _act(Once(keeper, name="test", keep=NO_TIME), INFO)
    assert _act(Once(keeper, name="test"), STARTED)
    assert keeper.read(f"test#{INFO.id}") is None
    assert keeper.read(f"test#{STARTED.id}") is not None


def test_firestore_fails() -> None:
    """What Firestore's client raises is told as what may work later, by name, without a value."""

    class Failing:
        def __getattr__(self, _: str) -> Callable[..., Any]:
            return lambda *_, **__: self

        def create(self, *_: object, **__: object) -> None:
            raise PermissionError("+79000000000")

    with pytest.raises(Unavailable, match=r"^PermissionError$"):
        _act(Once(FirestoreKeeper(Failing()), name="test"), INFO)


@pytest.mark.emulator
def test_time_to_live(firestore: Any) -> None:
    """A document of Firestore's keeper says when it may go, for Firestore to delete it then."""
    once = Once(FirestoreKeeper(firestore, collection="ttl"), name="test", keep=timedelta(days=2))
    assert _act(once, "call/1")
    document = firestore.collection("ttl").document("test#call%2F1").get()
    left = document.get("expire_at") - document.read_time
    assert timedelta(days=1, hours=23) < left < timedelta(days=2, hours=1)
