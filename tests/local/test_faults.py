from __future__ import annotations

import asyncio
import functools
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from envybox.errors import Unavailable
from envybox.local import session
from envybox.local.database import connect
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark
from tests.local.support import NOW, locked, opened, query, record

ROOT = Path(__file__).parents[2]
KILLS = 12
PROCESSES = 4
EACH = 60

_MESSAGE = Message(data=b"{}", attributes={"type": "call.result"})


def _process(path: Path, scenario: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process of its own that runs one of `_SCENARIOS` on the file."""
    command = [sys.executable, "-m", "tests.local.scenarios", scenario, str(path)]
    return subprocess.Popen(
        [*command, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _sound(path: Path) -> None:
    """Assert that the file is whole and holds nothing half written."""
    assert [("ok",)] == query(path, "PRAGMA integrity_check")
    for event_id, document in query(path, "SELECT id, document FROM events"):
        assert event_id == json.loads(document)["id"]
    # Each scenario publishes before it marks: a published event's message must be there.
    assert [] == query(
        path,
        "SELECT id FROM events WHERE state = 'published'"
        " AND message_id NOT IN (SELECT message_id FROM messages)",
    )


def test_killed(path: Path) -> None:
    """A process killed at any point loses nothing that it had been told is stored."""
    acknowledged: list[str] = []
    published: list[str] = []
    chance = random.Random(20261122)  # noqa: S311 - a point in time, not a secret
    for kill in range(KILLS):
        lines = chance.randrange(1, 200)
        with _process(path, "forever", kill) as process:
            assert process.stdout is not None
            for line in process.stdout:
                kind, event_id = line.split()
                (acknowledged if kind == "created" else published).append(event_id)
                lines -= 1
                if not lines:
                    process.kill()
        assert -signal.SIGKILL == process.returncode
        _sound(path)
    stored = dict(query(path, "SELECT id, state FROM events"))
    assert set(acknowledged) <= set(stored)
    assert all("published" == stored[event_id] for event_id in published)
    assert len(acknowledged) >= KILLS

    async def pending() -> set[str]:
        async with opened(path) as backend:
            rows = await backend.pending(
                before=NOW + timedelta(days=1), after=None, limit=10_000, timeout=5
            )
            return {stored.id for stored in rows}

    # What was not published is found again, all of it.
    assert {i for i, state in stored.items() if state == "pending"} == asyncio.run(pending())


def test_several_processes(path: Path) -> None:
    """Several processes at once, new file included: an id is stored once, no call fails."""
    processes = [_process(path, "create", EACH) for _ in range(PROCESSES)]
    created = []
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert 0 == process.returncode
        created += output.split()
    assert sorted(str(n) for n in range(EACH)) == sorted(created)
    assert [(EACH,)] == query(path, "SELECT count(*) FROM events")
    assert [(PROCESSES * EACH,)] == query(path, "SELECT count(DISTINCT sequence) FROM messages")
    _sound(path)


def test_locked(path: Path) -> None:
    """While another process holds the file, writes are refused in time and reads go on."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record("a"), timeout=5)
            with locked(path):
                started = time.monotonic()
                with pytest.raises(Unavailable):
                    await backend.create(record("b"), timeout=0.3)
                assert time.monotonic() - started < 2
                assert await backend.get("a", timeout=5)
                assert Backlog(pending=1, oldest=NOW) == await backend.backlog(timeout=5)
            assert None is await backend.get("b", timeout=5)
            assert True is await backend.create(record("b"), timeout=5)

    asyncio.run(scenario())


def test_lock_let_go(path: Path) -> None:
    """A write waits for the lock, within its time limit, and is done when it is let go."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record("a"), timeout=5)
            with locked(path):
                call = asyncio.create_task(backend.create(record("b"), timeout=10))
                # Answered after the write was refused for the first time, or else before
                # it came: either way the write is still waiting.
                await backend.get("a", timeout=5)
                assert not call.done()
            assert True is await call

    asyncio.run(scenario())


def test_locked_at_opening(path: Path) -> None:
    """A file that is held from the start is opened when it is let go; what was refused is gone."""
    sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()

    async def scenario() -> None:
        async with opened(path) as backend:
            with locked(path), pytest.raises(Unavailable):
                await backend.create(record("a"), timeout=0.2)
            assert True is await backend.create(record("a"), timeout=5)

    asyncio.run(scenario())


def test_given_up_while_it_was_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was given up while the file was opened, as by migrations, is not done any more."""
    opening, given_up = threading.Event(), threading.Event()

    def slow(name: str) -> sqlite3.Connection:
        db = connect(name)
        opening.set()
        assert given_up.wait(20)
        return db

    monkeypatch.setattr(session, "connect", slow)

    async def scenario() -> None:
        async with opened(path) as backend:
            call = asyncio.create_task(backend.create(record("a"), timeout=20))
            assert await asyncio.to_thread(opening.wait, 20)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            given_up.set()
            assert True is await backend.create(record("a"), timeout=20)

    asyncio.run(scenario())


def test_locked_at_closing(path: Path) -> None:
    """Closing does not wait for another process: what waits for it is refused."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record("a"), timeout=5)
            with locked(path):
                call = asyncio.create_task(backend.create(record("b"), timeout=30))
                await asyncio.sleep(0)
                await asyncio.wait_for(backend.close(), 5)
                with pytest.raises(Unavailable, match="SQLITE_BUSY"):
                    await call

    asyncio.run(scenario())


def _pages(monkeypatch: pytest.MonkeyPatch, pages: int | None) -> None:
    """Bound the file's size from the next connection on, as a full disk does."""

    def bounded(path: str) -> sqlite3.Connection:
        db = connect(path)
        if pages is not None:
            db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    monkeypatch.setattr(session, "connect", bounded)


def test_disk_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk nothing is half written, nothing lost; with room it goes on."""
    _pages(monkeypatch, 40)

    async def scenario() -> int:
        async with opened(path) as backend:
            stored = 0
            with pytest.raises(Unavailable, match="SQLITE_FULL"):  # noqa: PT012 - the last does
                while await backend.create(record(str(stored), raw='["x"]' * 500), timeout=5):
                    stored += 1
            with pytest.raises(Unavailable, match="SQLITE_FULL"):
                await backend.publish("t", Message(data=bytes(50_000), attributes={}), timeout=5)
            assert stored == (await backend.backlog(timeout=5)).pending
        _pages(monkeypatch, None)
        async with opened(path) as backend:
            assert True is await backend.create(record(str(stored)), timeout=5)
            await backend.mark(Mark(event_id="0", message_id=None, at=NOW), timeout=5)
        return stored + 1

    stored = asyncio.run(scenario())
    assert stored > 5
    assert [(stored,)] == query(path, "SELECT count(*) FROM events")
    _sound(path)


def test_one_that_does_not_fit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a nearly full disk what is too big fails alone, not those that came with it."""
    _pages(monkeypatch, 60)

    async def scenario() -> list[object]:
        async with opened(path) as backend:
            await backend.create(record("first"), timeout=5)
            raws = ["[]", "[]" * 500_000, "[]"]
            calls = [
                backend.create(record(str(n), raw=raw), timeout=5) for n, raw in enumerate(raws)
            ]
            return await asyncio.gather(*calls, return_exceptions=True)

    small, big, other = asyncio.run(scenario())
    assert (True, True) == (small, other)
    assert isinstance(big, Unavailable)
    assert [("0",), ("2",), ("first",)] == query(path, "SELECT id FROM events ORDER BY id")


def test_write_refused_by_the_system(path: Path) -> None:
    """A write that the operating system refuses is Unavailable; when it is allowed, it works."""
    process = _process(path, "limited")
    output, _ = process.communicate(timeout=60)
    assert 0 == process.returncode
    stored, error, after = output.split()
    assert int(stored) > 5
    assert error in ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
    assert "True" == after
    assert [(int(stored) + 1,)] == query(path, "SELECT count(*) FROM events")
    _sound(path)


def test_read_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written to now is Unavailable, and reads go on."""

    async def create(event_id: str) -> bool:
        async with opened(path) as backend:
            return await backend.create(record(event_id), timeout=5)

    async def scenario() -> None:
        async with opened(path) as backend:
            with pytest.raises(Unavailable, match="SQLITE_READONLY"):
                await backend.create(record("b"), timeout=5)
            assert await backend.get("a", timeout=5)

    asyncio.run(create("a"))

    def read_only(path: str) -> sqlite3.Connection:
        db = connect(path)
        db.execute("PRAGMA query_only = ON")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(session, "connect", read_only)
        asyncio.run(scenario())
    assert True is asyncio.run(create("b"))


def test_spoiled(path: Path) -> None:
    """A file that became no database after the start is Unavailable, not a crash."""
    spoil, remove = functools.partial(path.write_bytes, b"spoiled " * 1000), path.unlink

    async def scenario() -> None:
        async with opened(path) as backend:
            spoil()
            with pytest.raises(Unavailable, match="SQLITE_NOTADB"):
                await backend.create(record("a"), timeout=5)
            remove()
            assert True is await backend.create(record("a"), timeout=5)

    asyncio.run(scenario())


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_removed(path: Path, replaced: bool) -> None:
    """Nothing is acknowledged into a file that was removed or replaced."""

    def remove() -> None:
        path.rename(path.with_name("away.db"))
        if replaced:
            path.touch()

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record("a"), timeout=5)
            remove()
            with pytest.raises(Unavailable, match="removed"):
                await backend.create(record("b"), timeout=5)
            with pytest.raises(Unavailable, match="removed"):
                await backend.get("a", timeout=5)

    asyncio.run(scenario())


def test_removed_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor into one that was removed before anybody could tell which it is; the next is."""

    def vanishing(name: str) -> sqlite3.Connection:
        monkeypatch.setattr(session, "connect", connect)
        db = connect(name)
        path.unlink()
        return db

    monkeypatch.setattr(session, "connect", vanishing)

    async def scenario() -> None:
        async with opened(path) as backend:
            with pytest.raises(Unavailable, match="removed"):
                await backend.create(record("a"), timeout=5)
            await backend.create(record("b"), timeout=5)

    asyncio.run(scenario())
    assert [("b",)] == query(path, "SELECT id FROM events")
