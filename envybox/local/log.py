"""The log of messages, read along as it grows."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from envybox.local.database import connect
from envybox.local.subscriptions import WAIT_SECONDS, Delivery
from envybox.ports.publish import Message

_AFTER = """
SELECT sequence, message_id, published_at, data, attributes, ordering_key FROM messages
WHERE sequence > ? ORDER BY sequence LIMIT ?
"""


def end(path: str) -> int:
    """Return the place after the newest message. Raises `sqlite3.Error`."""
    with contextlib.closing(connect(path, wait=WAIT_SECONDS)) as db:
        row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    return int(row[0]) if row else 0


def after(path: str, place: int, limit: int = 100) -> list[Delivery]:
    """Return the messages after a place, in their order. Raises `sqlite3.Error`."""
    with contextlib.closing(connect(path, wait=WAIT_SECONDS)) as db:
        rows: list[Any] = db.execute(_AFTER, (place, limit)).fetchall()
    return [
        Delivery(
            sequence=sequence,
            message_id=message_id,
            attempts=0,
            published_at=published_at,
            message=Message(
                data=data,
                attributes=msgspec.json.decode(attributes),
                ordering_key=ordering_key,
            ),
        )
        for sequence, message_id, published_at, data, attributes, ordering_key in rows
    ]
