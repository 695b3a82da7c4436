"""What the tests of the embedded backend share."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from envybox.event import Event, Ids, Manager, Page, Utm, Visitor
from envybox.local import open_backend
from envybox.local.backend import LocalBackend
from envybox.ports.store import Record
from envybox.settings import load

NOW = datetime(2026, 11, 22, 6, 46, tzinfo=UTC)


def record(event_id: str, *, seconds: float = 0, raw: str = "[]") -> Record:
    """Return a new event, received some seconds after NOW."""
    event = Event(
        id=event_id,
        type="call.result",
        webhooktype=1,
        account="shop",
        received_at=NOW + timedelta(seconds=seconds),
        occurred_at=None,
        visitor=Visitor(name='Анна "\x00\n'),
        call=None,
        chat=None,
        manager=Manager(),
        managers=[],
        page=Page(),
        utm=Utm(),
        ids=Ids(),
        custom_data={"big": 10**30},
        extra={},
        warnings=[],
    )
    return Record(event=event, raw=raw, topic="envybox-call-result")


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[LocalBackend]:
    """Return the backend on a file; it is closed at the end."""
    backend = open_backend(load({"ENVYBOX_LOCAL_PATH": str(path)})).store
    assert isinstance(backend, LocalBackend)
    try:
        yield backend
    finally:
        await backend.close()


def query(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, run on a connection of its own."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(statement, values).fetchall()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's write lock, as another process does."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.rollback()
        db.close()
