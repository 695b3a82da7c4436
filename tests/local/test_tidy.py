from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from envybox.local import database, session
from envybox.local.database import MESSAGE_RETENTION, STEP, connect, tidy, to_text
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from tests.local.support import NOW, opened, query, record

PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _create(path: Path, *events: tuple[str, datetime | None]) -> None:
    """Store and publish events, each with the end of its retention."""
    async with opened(path) as backend:
        for event_id, expire_at in events:
            await backend.create(record(event_id), timeout=5)
            mark = Mark(event_id=event_id, message_id="1", at=NOW, expire_at=expire_at)
            await backend.mark(mark, timeout=5)


def _remaining(path: Path) -> list[str]:
    return [event_id for (event_id,) in query(path, "SELECT id FROM events ORDER BY id")]


def test_expired(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired event goes, with the next call; one that never expires or not yet stays."""
    future = datetime.now(UTC) + timedelta(days=1)
    expiring = [("past", PAST), ("never", None), ("future", future)]
    monkeypatch.setattr(session, "tidy", lambda *_: False)
    asyncio.run(_create(path, *expiring))
    assert ["future", "never", "past"] == _remaining(path)
    monkeypatch.undo()
    asyncio.run(_create(path, ("new", None)))
    assert ["future", "never", "new"] == _remaining(path)


def test_pending_stays(path: Path) -> None:
    """An expired event that is still owed to its subscribers is kept."""
    asyncio.run(_create(path, ("past", PAST)))
    with closing(connect(str(path))) as db:  # to be published again
        db.execute("UPDATE events SET state = 'pending'")
    asyncio.run(_create(path, ("new", None)))
    assert ["new", "past"] == _remaining(path)


def test_small_steps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step deletes a bounded number, and tells that there may be more."""
    monkeypatch.setattr(session, "tidy", lambda *_: False)
    many = [(f"{n:03}", PAST + timedelta(days=n)) for n in range(STEP + 1)]
    asyncio.run(_create(path, *many))
    db = connect(str(path))
    assert [True, False] == [tidy(db, NOW), tidy(db, NOW)]
    db.close()
    assert [] == _remaining(path)


def test_all_of_it_in_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is more to delete, each call deletes a step; then it is left for a while."""
    steps = iter([True, True, False, True])
    taken = []

    def step(*_: object) -> bool:
        taken.append(next(steps))
        return taken[-1]

    monkeypatch.setattr(session, "tidy", step)
    asyncio.run(_create(path, *[(str(n), None) for n in range(5)]))
    assert [True, True, False] == taken


def test_tidying_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails costs no call anything."""

    def failing(*_: object) -> bool:
        raise sqlite3.OperationalError

    monkeypatch.setattr(session, "tidy", failing)
    asyncio.run(_create(path, ("a", None), ("b", None)))
    assert ["a", "b"] == _remaining(path)


def test_old_messages(path: Path) -> None:
    """Messages go after their retention, with what was still to be delivered of them."""

    async def publish() -> None:
        async with opened(path) as backend:
            for _ in range(2):
                await backend.publish("t", Message(data=b"x", attributes={}), timeout=5)

    asyncio.run(publish())
    db = connect(str(path))
    old = datetime.now(UTC) - MESSAGE_RETENTION - timedelta(seconds=1)
    db.execute("UPDATE messages SET published_at = ? WHERE sequence = 1", (to_text(old),))
    db.execute("INSERT INTO subscriptions VALUES ('s', 't', 2)")
    db.executemany("INSERT INTO deliveries VALUES ('s', ?, 0, '')", [(1,), (2,)])
    assert False is tidy(db, datetime.now(UTC))
    assert [(2,)] == db.execute("SELECT sequence FROM messages").fetchall()
    assert [(2,)] == db.execute("SELECT sequence FROM deliveries").fetchall()
    db.close()


def test_times_sort_as_text() -> None:
    """Times are written in UTC with six digits, so that their texts sort as they do."""
    moscow = database.to_time("2026-11-22T09:46:00.5+03:00")
    assert "2026-11-22T06:46:00.500000Z" == to_text(moscow)
    assert moscow == database.to_time(to_text(moscow))
    times = [NOW, NOW + timedelta(microseconds=1), NOW + timedelta(seconds=1)]
    assert sorted(map(to_text, times)) == list(map(to_text, times))
