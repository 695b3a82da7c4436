"""The store and the publisher in one: each call is a statement of SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from envybox.errors import Rejected
from envybox.event import NORMALIZER_VERSION
from envybox.local.database import to_text, to_time
from envybox.local.worker import Worker
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark, Record, Stored

MAX_MESSAGE_BYTES = 10_000_000
"""Pub/Sub's limit, kept here too: what runs locally must run there."""

_CREATE = """
INSERT INTO events (id, received_at, expire_at, topic, account, raw, event, normalizer)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
"""
_GET = "SELECT id, account, received_at, raw, state, attempts FROM events WHERE id = ?"
_PUBLISHED = """
UPDATE events SET state = 'published', message_id = ?, published_at = ?, attempts = attempts + 1
WHERE id = ?
"""
_FAILED = "UPDATE events SET attempts = attempts + 1 WHERE id = ?"
_PENDING = """
SELECT id, account, received_at, raw, state, attempts FROM events
WHERE state = 'pending' AND received_at < ? AND (received_at, id) > (?, ?)
ORDER BY received_at, id LIMIT ?
"""
_BACKLOG = "SELECT count(*), min(received_at) FROM events WHERE state = 'pending'"
_PUBLISH = """
INSERT INTO messages (topic, published_at, ordering_key, attributes, data)
VALUES (?, ?, ?, ?, ?)
"""


class LocalBackend:
    """The embedded backend on one SQLite file; the file is opened by the first call."""

    def __init__(self, path: str) -> None:
        self._worker = Worker(path)

    async def create(self, record: Record, *, timeout: float) -> bool:
        """Store the event as pending, durably. False: an event of this id is there."""
        event = record.event
        row = (
            event.id,
            to_text(event.received_at),
            record.expire_at and to_text(record.expire_at),
            record.topic,
            event.account,
            record.raw,
            _text(event),
            NORMALIZER_VERSION,
        )
        return await self._worker.write(lambda db: db.execute(_CREATE, row).rowcount == 1, timeout)

    async def get(self, event_id: str, *, timeout: float) -> Stored | None:
        """Return the event of this id, None where there is none."""
        rows = await self._worker.read(lambda db: db.execute(_GET, (event_id,)).fetchall(), timeout)
        return _stored(rows[0]) if rows else None

    async def mark(self, mark: Mark, *, timeout: float) -> None:
        """Write the outcome of an attempt to publish; count the attempt."""
        row: tuple[str, ...] = (mark.event_id,)
        statement = _FAILED
        if mark.message_id is not None:
            row = (mark.message_id, to_text(mark.at), *row)
            statement = _PUBLISHED
        await self._worker.write(lambda db: db.execute(statement, row), timeout)

    async def pending(
        self, *, before: datetime, after: Stored | None, limit: int, timeout: float
    ) -> list[Stored]:
        """Return pending events received before a time, oldest first (then by id)."""
        start = (to_text(after.received_at), after.id) if after else ("", "")
        row = (to_text(before), *start, limit)
        rows = await self._worker.read(lambda db: db.execute(_PENDING, row).fetchall(), timeout)
        return [_stored(row) for row in rows]

    async def backlog(self, *, timeout: float) -> Backlog:
        """Return how much is pending, whatever its age."""
        rows = await self._worker.read(lambda db: db.execute(_BACKLOG).fetchall(), timeout)
        pending, oldest = rows[0]
        return Backlog(pending=pending, oldest=oldest and to_time(oldest))

    async def publish(self, topic: str, message: Message, *, timeout: float) -> str:
        """Append the message to the log and return its id, a number as text."""
        if not message.data and not message.attributes:
            raise Rejected("an empty message")
        if len(message.data) > MAX_MESSAGE_BYTES:
            raise Rejected("a message over 10 MB")
        now = to_text(datetime.now(UTC))
        row = (topic, now, message.ordering_key, _text(message.attributes), message.data)
        return await self._worker.write(
            lambda db: str(db.execute(_PUBLISH, row).lastrowid), timeout
        )

    async def close(self) -> None:
        """Close the file. The next call opens it again."""
        await self._worker.close()


def _text(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError as error:  # a lone surrogate
        raise Rejected("UnicodeEncodeError") from error


def _stored(row: tuple[str, str, str, str, str, int]) -> Stored:
    event_id, account, received_at, raw, state, attempts = row
    return Stored(
        id=event_id,
        account=account,
        received_at=to_time(received_at),
        raw=raw,
        published=state == "published",
        attempts=attempts,
    )
