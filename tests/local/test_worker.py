from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envybox.errors import Rejected, Unavailable
from envybox.local import session
from envybox.local.backend import LocalBackend
from envybox.local.database import connect
from envybox.local.worker import Worker
from tests.local.support import opened, query, record

MANY = 25


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that SQLite is told from now on."""
    told: list[str] = []

    def traced(path: str) -> sqlite3.Connection:
        db = connect(path)
        db.set_trace_callback(told.append)
        return db

    monkeypatch.setattr(session, "connect", traced)
    return told


class _Gate:
    """Work that keeps the thread busy until it is opened."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def work(self, _: sqlite3.Connection) -> str:
        self._entered.set()
        assert self._open.wait(10)
        return "through"

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait, 10)

    def open(self) -> None:
        self._open.set()


async def _behind(worker: Worker, *works: Callable[[sqlite3.Connection], object]) -> list[object]:
    """Run works that come together while the thread is busy; return all outcomes."""
    gate = _Gate()
    first = asyncio.create_task(worker.write(gate.work, 10))
    await gate.entered()
    rest = [asyncio.create_task(worker.write(work, 10)) for work in works]
    await asyncio.sleep(0)  # they are in the queue now
    gate.open()
    assert "through" == await first
    return list(await asyncio.gather(*rest, return_exceptions=True))


def _insert(event_id: str) -> Callable[[sqlite3.Connection], str]:
    def work(db: sqlite3.Connection) -> str:
        db.execute(
            "INSERT INTO messages (topic, published_at, ordering_key, attributes, data)"
            " VALUES (?, '9999', '', '', '')",
            (event_id,),
        )
        return event_id

    return work


def test_group_commit(path: Path, statements: list[str]) -> None:
    """Calls that come while a transaction is written share the next one."""

    async def scenario() -> list[object]:
        worker = Worker(str(path))
        try:
            return await _behind(worker, *[_insert(str(n)) for n in range(MANY)])
        finally:
            await worker.close()

    assert [str(n) for n in range(MANY)] == asyncio.run(scenario())
    assert 2 == statements.count("BEGIN IMMEDIATE")
    assert 2 == statements.count("COMMIT")
    assert [(MANY,)] == query(path, "SELECT count(*) FROM messages")


def test_alone(path: Path, statements: list[str]) -> None:
    """Calls one after the other wait for no company: a transaction each."""

    async def scenario() -> None:
        async with opened(path) as backend:
            for event_id in "abc":
                await backend.create(record(event_id), timeout=5)

    asyncio.run(scenario())
    assert 3 == statements.count("COMMIT")


def test_each_its_own_outcome(path: Path) -> None:
    """One that fails for its own reason does not fail those that share its transaction."""

    def too_big(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO messages VALUES (zeroblob(2000000000))")

    def broken(_: sqlite3.Connection) -> None:
        raise KeyError

    def half(db: sqlite3.Connection) -> None:
        _insert("half")(db)
        raise sqlite3.OperationalError

    async def scenario() -> list[object]:
        worker = Worker(str(path))
        try:
            works = [_insert("a"), too_big, _insert("b"), broken, half, _insert("c")]
            return await _behind(worker, *works)
        finally:
            await worker.close()

    outcomes = asyncio.run(scenario())
    assert ["a", "b", "c"] == [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert [Unavailable, KeyError, Unavailable] == [
        type(outcome) for outcome in outcomes if not isinstance(outcome, str)
    ]
    assert [("a",), ("b",), ("c",)] == query(path, "SELECT topic FROM messages ORDER BY topic")


def test_too_big(path: Path) -> None:
    """What SQLite can never hold is refused for good."""

    async def scenario() -> None:
        worker = Worker(str(path))
        with pytest.raises(Rejected, match="DataError"):
            await worker.write(lambda db: db.execute("SELECT zeroblob(2000000000)"), 5)
        await worker.close()

    asyncio.run(scenario())


def test_in_time(path: Path) -> None:
    """A call ends at its time limit, whatever holds the thread up; it is not done later."""

    async def scenario() -> None:
        worker = Worker(str(path))
        gate = _Gate()
        first = asyncio.create_task(worker.write(gate.work, 10))
        await gate.entered()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
            await worker.write(_insert("late"), 0.1)
        assert 0.1 <= time.monotonic() - started < 2
        gate.open()
        await first
        await worker.close()

    asyncio.run(scenario())
    assert [] == query(path, "SELECT topic FROM messages")


def test_given_up_while_it_runs(path: Path) -> None:
    """Giving up a call that is being run harms nobody."""

    async def scenario() -> str:
        worker = Worker(str(path))
        gate = _Gate()
        with pytest.raises(Unavailable):
            await worker.write(gate.work, 0.1)
        gate.open()
        try:
            return await worker.write(_insert("next"), 5)
        finally:
            await worker.close()

    assert "next" == asyncio.run(scenario())


def test_loop_never_waits(path: Path) -> None:
    """The event loop goes on while SQLite works."""

    async def scenario() -> int:
        worker = Worker(str(path))
        gate = _Gate()
        call = asyncio.create_task(worker.write(gate.work, 10))
        await gate.entered()
        turns = 0
        while turns < 100:
            await asyncio.sleep(0)
            turns += not call.done()
        gate.open()
        await call
        await worker.close()
        return turns

    assert 100 == asyncio.run(scenario())


def test_closed(path: Path) -> None:
    """Closing finishes what was asked; it may be repeated, and the next call opens again."""

    async def scenario() -> None:
        worker = Worker(str(path))
        await worker.close()
        call = asyncio.create_task(worker.write(_insert("a"), 5))
        await asyncio.sleep(0)
        await worker.close()
        assert "a" == await call
        await worker.close()
        assert not path.with_name(path.name + "-wal").exists()
        assert "b" == await worker.write(_insert("b"), 5)
        await worker.close()

    asyncio.run(scenario())
    assert [("a",), ("b",)] == query(path, "SELECT topic FROM messages ORDER BY topic")


def test_several_threads(path: Path) -> None:
    """One backend serves several threads with their own event loops; an id is stored once."""

    async def create(backend: LocalBackend) -> int:
        return sum([await backend.create(record(f"{n}"), timeout=10) for n in range(40)])

    async def scenario() -> int:
        async with opened(path) as backend:
            with ThreadPoolExecutor(4) as pool:
                futures = [pool.submit(asyncio.run, create(backend)) for _ in range(4)]
                return sum(await asyncio.gather(*map(asyncio.wrap_future, futures)))

    assert 40 == asyncio.run(scenario())
    assert [(40,)] == query(path, "SELECT count(*) FROM events")


def test_a_defect_is_not_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the thread is told to those who wait; the next call is served."""
    run = session.Session.run

    def broken(*_: object) -> None:
        monkeypatch.setattr(session.Session, "run", run)
        raise ZeroDivisionError

    monkeypatch.setattr(session.Session, "run", broken)

    async def scenario() -> None:
        async with opened(path) as backend:
            with pytest.raises(ZeroDivisionError):
                await backend.create(record("a"), timeout=5)
            assert await backend.create(record("a"), timeout=5)

    asyncio.run(scenario())
