"""The SQLite file's schema, and how a file of an older version comes to it.

A file's version is SQLite's `user_version`. Each step is a transaction of its own, for it
holds the file meanwhile: whoever writes gets in between two of them.
"""

from __future__ import annotations

import sqlite3

# `document` is what Firestore holds, put together when it is read: an event is written
# once, and what `mark` changes is a few columns. `event` is the JSON as published.
_DOCUMENT = """document TEXT AS (
        substr(event, 1, length(event) - 1) || ',"raw":' || json_quote(raw)
        || ',"publish":' || json_object(
            'state', state, 'topic', topic, 'message_id', message_id,
            'published_at', published_at, 'attempts', attempts)
        || coalesce(',"expire_at":"' || expire_at || '"', '')
        || coalesce(',"normalizer":' || normalizer, '')
        || coalesce(',"erased_at":"' || erased_at || '"', '') || '}'
    ) VIRTUAL"""

_FIRST = (
    """CREATE TABLE IF NOT EXISTS events (
    id TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    expire_at TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    topic TEXT NOT NULL,
    message_id TEXT,
    published_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    account TEXT NOT NULL,
    raw TEXT NOT NULL,
    event TEXT NOT NULL,
    document TEXT AS ('') VIRTUAL
)""",
    """CREATE INDEX IF NOT EXISTS events_pending ON events (received_at, id, state)
    WHERE state = 'pending'""",
    """CREATE INDEX IF NOT EXISTS events_expiring ON events (expire_at, state)
    WHERE expire_at IS NOT NULL AND state = 'published'""",
    """CREATE TABLE IF NOT EXISTS messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT AS (CAST(sequence AS TEXT)) VIRTUAL,
    topic TEXT NOT NULL,
    published_at TEXT NOT NULL,
    ordering_key TEXT NOT NULL,
    attributes TEXT NOT NULL,
    data BLOB NOT NULL
)""",
    """CREATE TABLE IF NOT EXISTS subscriptions (
    name TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    position INTEGER NOT NULL
)""",
    """CREATE TABLE IF NOT EXISTS deliveries (
    subscription TEXT NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    sequence INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL,
    PRIMARY KEY (sequence, subscription)
) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (subscription, due_at)""",
)

_LOOKED_UP = (
    "ALTER TABLE events ADD COLUMN normalizer INTEGER",
    "ALTER TABLE events ADD COLUMN erased_at TEXT",
    "ALTER TABLE events DROP COLUMN document",
    f"ALTER TABLE events ADD COLUMN {_DOCUMENT}",
    """CREATE INDEX events_newest ON events (received_at) WHERE erased_at IS NULL""",
    """CREATE INDEX events_by_account ON events (account, received_at) WHERE erased_at IS NULL""",
)

LISTED = {"type": "$.type", "site": "$.page.site", "state": "$.call.state"}
"""Fields that many events share, each with its index in the order of receipt."""

SELECTIVE = {
    "phone": "$.visitor.phone",
    "phone_text": "$.visitor.phone_text",
    "email": "$.visitor.email",
    "visitor": "$.visitor.id",
    "call": "$.call.id",
    "chat": "$.chat.id",
}
"""Fields that few events share."""

HAS_WARNINGS = "json_array_length(event, '$.warnings') > 0"


def value(name: str) -> str:
    """Return the SQL of a field that is looked up, as its index has it."""
    return f"json_extract(event, '{(LISTED | SELECTIVE)[name]}')"


def _index(name: str, keys: str, where: str) -> str:
    return f"CREATE INDEX events_by_{name} ON events ({keys}) WHERE {where}"


STEPS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _LOOKED_UP,
    *(
        (_index(name, f"{value(name)}, received_at", f"{value(name)} IS NOT NULL"),)
        for name in LISTED | SELECTIVE
    ),
    (_index("warning", "received_at", HAS_WARNINGS),),
)
"""What makes version 1 of an empty file, or of one from before versions; then each next one."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version; one of a later version is left as it is.

    Raises `sqlite3.Error`; what was done until then stays done.
    """
    while (version := _version(db)) < len(STEPS):
        db.execute("BEGIN IMMEDIATE")
        try:
            if _version(db) == version:  # another process may have been here
                for statement in STEPS[version]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except sqlite3.Error:
            db.rollback()
            raise


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version
