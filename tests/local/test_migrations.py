from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from pathlib import Path

import pytest

from envybox.event import NORMALIZER_VERSION, encode
from envybox.local import migrations
from envybox.local.database import connect, to_text
from envybox.local.migrations import STEPS, migrate
from tests.local.support import locked, opened, query, record

# A file as it was made before it had versions.
_OLD = """
CREATE TABLE events (id TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL, expire_at TEXT,
    state TEXT NOT NULL DEFAULT 'pending', topic TEXT NOT NULL, message_id TEXT,
    published_at TEXT, attempts INTEGER NOT NULL DEFAULT 0, account TEXT NOT NULL,
    raw TEXT NOT NULL, event TEXT NOT NULL,
    document TEXT AS (substr(event, 1, length(event) - 1) || ',"raw":' || json_quote(raw) || '}')
        VIRTUAL);
CREATE INDEX events_pending ON events (received_at, id, state) WHERE state = 'pending';
"""
_INSERT = """
INSERT INTO events (id, received_at, topic, account, raw, event) VALUES (?, ?, 't', 'shop', '[]', ?)
"""


def _old_file(path: Path, *ids: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(_OLD)
        for id_ in ids:
            event = record(id_).event
            db.execute(_INSERT, (id_, to_text(event.received_at), encode(event).decode()))
        db.commit()


def _version(path: Path) -> int:
    [(version,)] = query(path, "PRAGMA user_version")
    return int(version)


def test_an_old_file(path: Path) -> None:
    """A file from before versions is brought to this one, its events with it."""
    _old_file(path, "a", "b")
    connect(str(path)).close()
    assert len(STEPS) == _version(path)
    [(text,)] = query(path, "SELECT document FROM events WHERE id = 'a'")
    document = json.loads(text)
    assert ("a", "pending") == (document["id"], document["publish"]["state"])
    assert "normalizer" not in document
    found = "SELECT id FROM events WHERE json_extract(event, '$.type') = 'call.result' ORDER BY id"
    assert [("a",), ("b",)] == query(path, found)


def test_alike(path: Path, tmp_path: Path) -> None:
    """A file that was brought to this version is as a new one."""
    other = tmp_path / "new.db"
    _old_file(path)
    for file in (path, other):
        connect(str(file)).close()
    columns = "SELECT name, type, hidden FROM pragma_table_xinfo('events') ORDER BY name"
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name"
    for statement in (columns, indexes):
        assert query(other, statement) == query(path, statement)


def test_every_event_is_looked_up(path: Path) -> None:
    """New events are noted with the normalizer's version."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record("a"), timeout=5)

    asyncio.run(scenario())
    assert [(NORMALIZER_VERSION,)] == query(path, "SELECT normalizer FROM events")


def test_a_later_version(path: Path) -> None:
    """A file that a later release made is left as it is, and is used."""
    connect(str(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 3}")

    async def scenario() -> bool:
        async with opened(path) as backend:
            return await backend.create(record("a"), timeout=5)

    assert asyncio.run(scenario())
    assert len(STEPS) + 3 == _version(path)


def test_held_by_another(path: Path) -> None:
    """A receiver that starts while another process holds the file waits, and then goes on."""
    _old_file(path, "a")

    async def scenario() -> bool:
        async with opened(path) as backend:
            with locked(path):
                creating = asyncio.create_task(backend.create(record("b"), timeout=20))
                await asyncio.wait([creating], timeout=0.3)
                assert not creating.done()
            return await creating

    assert asyncio.run(scenario())
    assert len(STEPS) == _version(path)


def test_two_at_once(path: Path) -> None:
    """Two processes may bring the same file to this version."""
    _old_file(path, *(str(n) for n in range(200)))
    barrier = threading.Barrier(2)
    versions = []

    def run() -> None:
        barrier.wait()
        with contextlib.closing(connect(str(path), wait=30)) as db:
            versions.append(db.execute("PRAGMA user_version").fetchone()[0])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(STEPS)] * 2 == versions


def test_a_step_that_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails leaves nothing of itself, and the ones before it; the next try ends it."""
    _old_file(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        with monkeypatch.context() as patch:
            broken = (*STEPS[:2], ("CREATE TABLE more (x)", "nonsense"))
            patch.setattr(migrations, "STEPS", broken)
            with pytest.raises(sqlite3.OperationalError, match="nonsense"):
                migrate(db)
        assert 2 == _version(path)
        assert [] == query(path, "SELECT name FROM sqlite_master WHERE name = 'more'")
        migrate(db)
    assert len(STEPS) == _version(path)


def test_writers_get_in_between(path: Path) -> None:
    """No step holds the file for the next one: each is a transaction of its own."""
    _old_file(path)
    held = []
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.set_trace_callback(held.append)
        migrate(db)
    assert len(STEPS) == held.count("BEGIN IMMEDIATE") == held.count("COMMIT")
