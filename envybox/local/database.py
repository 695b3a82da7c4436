"""The SQLite file: how it is opened, how time is written, what is deleted.

Tables: `events` (the documents), `messages` (what was published, a log), `subscriptions`
and `deliveries` (who is to be sent which of them).
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from envybox.local.migrations import migrate

BUSY_SECONDS = 0.05
"""How long to wait for a file that another process holds: SQLite itself, or we for it."""

_PAUSE_SECONDS = 0.01

MESSAGE_RETENTION = timedelta(days=7)
"""How long a message is kept, delivered or not: as long as Pub/Sub does by default."""

STEP = 100
"""How many rows of each table one step of `tidy` deletes at most."""


def connect(path: str, *, wait: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the file, made and given its tables where they are missing.

    Every statement is a transaction of its own until BEGIN; a commit is on the disk when
    it returns. `wait`: seconds to wait for a file that another process holds. Raises
    `sqlite3.Error`.
    """
    # SQLite would make it for all to read; what it makes beside it has the file's own rights.
    # One that is there is left alone: to close it would end this process's locks on it.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(path, timeout=wait, isolation_level=None)
    try:
        _use_wal(db, wait)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _use_wal(db: sqlite3.Connection, wait: float) -> None:
    """Keep the file by a write-ahead log. SQLite itself does not wait for who writes to it now."""
    give_up_at = time.monotonic() + wait
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() >= give_up_at:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def is_busy(error: Exception) -> bool:
    """Tell whether an error says that another connection holds the file, for now."""
    # The low byte is the kind; the rest says more (SQLITE_BUSY_RECOVERY).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def to_text(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC with six digits: the texts sort as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_time(text: str) -> datetime:
    """Return the time, in UTC, that `to_text` wrote."""
    return datetime.fromisoformat(text)


def tidy(db: sqlite3.Connection, now: datetime) -> bool:
    """Delete some of what has expired; True where there may be more.

    Events go at `expire_at` (never a pending one: it is still owed to its subscribers),
    messages after `MESSAGE_RETENTION`. At most `STEP` of each, by indexes alone.
    """
    events = db.execute(
        "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events"
        " WHERE expire_at < ? AND state = 'published' ORDER BY expire_at LIMIT ?)",
        (to_text(now), STEP),
    )
    messages = db.execute(
        "DELETE FROM messages WHERE published_at < ? AND sequence IN"
        " (SELECT sequence FROM messages ORDER BY sequence LIMIT ?)",
        (to_text(now - MESSAGE_RETENTION), STEP),
    )
    return STEP in (events.rowcount, messages.rowcount)
