"""The keeper in a SQLite file: for subscribers on one machine, one or several processes."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from os import PathLike

import msgspec

from envybox.errors import Unavailable
from envybox.subscriber.keepers import Entry, Found

WAIT_SECONDS = 10.0
"""How long to wait for a file that another process holds."""

# The clock is SQLite's, that of the machine: all that share the file share it.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS once (
    key TEXT PRIMARY KEY, version TEXT NOT NULL, entry BLOB NOT NULL,
    written_at REAL NOT NULL, expire_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS once_expiring ON once (expire_at);
CREATE VIEW IF NOT EXISTS clock AS SELECT (julianday('now') - 2440587.5) * 86400.0 AS now;
"""
_CREATE = """
INSERT INTO once SELECT ?, ?, ?, now, now + ? FROM clock WHERE true ON CONFLICT (key) DO NOTHING
"""
_READ = "SELECT entry, version, now - written_at FROM once, clock WHERE key = ?"
_REPLACE = """
UPDATE once SET version = ?, entry = ?, (written_at, expire_at) = (SELECT now, now + ? FROM clock)
WHERE key = ? AND version = ?
"""
_DELETE = "DELETE FROM once WHERE key = ? AND version = ?"
_TIDY = "DELETE FROM once WHERE expire_at < (SELECT now FROM clock)"


class SQLiteKeeper:
    """Keeps entries in a file, which is made where it is missing. Threads may share it.

    Not on a network's drive: SQLite's locks do not hold there.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._ready = False

    def create(self, key: str, entry: Entry, *, keep: timedelta) -> str | None:
        """Write a new entry and return its version; None where there is one."""
        version = secrets.token_hex(8)
        row = (key, version, msgspec.json.encode(entry), keep.total_seconds())
        with self._opened() as db:
            db.execute(_TIDY)
            return version if db.execute(_CREATE, row).rowcount else None

    def read(self, key: str) -> Found | None:
        """Return the entry, None where there is none."""
        with self._opened() as db:
            row = db.execute(_READ, (key,)).fetchone()
        if row is None:
            return None
        entry = msgspec.json.decode(row[0], type=Entry)
        return Found(entry=entry, version=row[1], age=timedelta(seconds=row[2]))

    def replace(self, key: str, entry: Entry, version: str, *, keep: timedelta) -> str | None:
        """Write over that version and return the new one; None where it is not the one there."""
        new = secrets.token_hex(8)  # never used before, so that no older run takes it for its own
        row = (new, msgspec.json.encode(entry), keep.total_seconds(), key, version)
        with self._opened() as db:
            return new if db.execute(_REPLACE, row).rowcount else None

    def delete(self, key: str, version: str) -> None:
        """Delete that version; another is left alone."""
        with self._opened() as db:
            db.execute(_DELETE, (key, version))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(self._path, timeout=WAIT_SECONDS, isolation_level=None)
            ) as db:
                if not self._ready:
                    db.execute("PRAGMA journal_mode = WAL")
                    db.executescript(_SCHEMA)
                    self._ready = True
                yield db
        except sqlite3.Error as error:
            raise Unavailable(getattr(error, "sqlite_errorname", type(error).__name__)) from error
