"""Subscriptions to the log of messages: what is still to be delivered, and when.

Blocking, for a dispatcher's own thread. Each message of the topic that is published after
the subscription was made is due until it is acknowledged, across restarts; after
`MESSAGE_RETENTION` it is gone.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime

import msgspec

from envybox.local.database import connect, to_text
from envybox.ports.publish import Message

WAIT_SECONDS = 5.0
SCAN = 1000
"""How many messages are looked through at a time."""

_SUBSCRIBE = """
INSERT INTO subscriptions (name, topic, position)
VALUES (?, ?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0))
ON CONFLICT (name) DO NOTHING
"""
_NEW = "SELECT sequence, topic FROM messages WHERE sequence > ? ORDER BY sequence LIMIT ?"
_DELIVER = """
INSERT INTO deliveries (subscription, sequence, due_at)
SELECT ?, sequence, published_at FROM messages WHERE sequence = ?
ON CONFLICT DO NOTHING
"""
_DUE = """
SELECT sequence, message_id, attempts, published_at, data, attributes, ordering_key
FROM deliveries JOIN messages USING (sequence)
WHERE subscription = ? AND due_at <= ? ORDER BY due_at LIMIT ?
"""


# What a subscription was given and has not done, and what it was not given yet.
_WAITING = """
SELECT count(*), min(published_at) FROM messages WHERE sequence IN (
    SELECT sequence FROM deliveries JOIN subscriptions ON name = subscription WHERE topic = ?1
    UNION
    SELECT sequence FROM subscriptions JOIN messages ON sequence > position
    WHERE subscriptions.topic = ?1 AND messages.topic = ?1)
"""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is due. `attempts` failed so far; `published_at` is RFC 3339, UTC."""

    sequence: int
    message_id: str
    attempts: int
    published_at: str
    message: Message


class Subscription:
    """A place in the log, kept in the file under a name. Belongs to one thread.

    One that is new starts with what is published from now on. Raises `sqlite3.Error`.
    """

    def __init__(self, path: str, name: str, topic: str) -> None:
        self._name = name
        self._topic = topic
        self._db = connect(path, wait=WAIT_SECONDS)
        try:
            self._db.execute(_SUBSCRIBE, (name, topic))
            self._position = self._stored_position()
        except sqlite3.Error:
            self.close()
            raise

    def advance(self) -> None:
        """Take the topic's new messages for delivery."""
        rows = self._db.execute(_NEW, (self._position, SCAN)).fetchall()
        if not rows:
            return
        mine = [sequence for sequence, topic in rows if topic == self._topic]
        if mine or len(rows) == SCAN:  # the others' are looked through again after a restart
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                taken = self._stored_position()  # another process may have been here
                self._db.executemany(
                    _DELIVER, [(self._name, sequence) for sequence in mine if sequence > taken]
                )
                self._db.execute(
                    "UPDATE subscriptions SET position = max(position, ?) WHERE name = ?",
                    (rows[-1][0], self._name),
                )
        self._position = rows[-1][0]

    def due(self, now: datetime, limit: int) -> list[Delivery]:
        """Return what is to be delivered by now, the longest due first."""
        rows = self._db.execute(_DUE, (self._name, to_text(now), limit)).fetchall()
        return [
            Delivery(
                sequence=sequence,
                message_id=message_id,
                attempts=attempts,
                published_at=published_at,
                message=Message(
                    data=data,
                    attributes=msgspec.json.decode(attributes),
                    ordering_key=ordering_key,
                ),
            )
            for sequence, message_id, attempts, published_at, data, attributes, ordering_key in rows
        ]

    def acknowledge(self, sequence: int) -> None:
        """Take note that a message was delivered: it never comes again."""
        self._db.execute(
            "DELETE FROM deliveries WHERE subscription = ? AND sequence = ?",
            (self._name, sequence),
        )

    def postpone(self, sequence: int, until: datetime) -> None:
        """Take note that a delivery failed, and when to try again."""
        self._db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = ?"
            " WHERE subscription = ? AND sequence = ?",
            (to_text(until), self._name, sequence),
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _stored_position(self) -> int:
        rows = self._db.execute("SELECT position FROM subscriptions WHERE name = ?", (self._name,))
        position: int = rows.fetchone()[0]
        return position


def names(path: str, topic: str) -> list[str]:
    """Return the names of a topic's subscriptions. Raises `sqlite3.Error`."""
    with contextlib.closing(connect(path, wait=WAIT_SECONDS)) as db:
        rows = db.execute(
            "SELECT name FROM subscriptions WHERE topic = ? ORDER BY name", (topic,)
        ).fetchall()
    return [name for (name,) in rows]


def waiting(path: str, topic: str) -> tuple[int, str | None]:
    """Return how many of a topic's messages its subscriptions wait for, and the oldest's time.

    The time is RFC 3339, UTC; None where there is none. Raises `sqlite3.Error`.
    """
    with contextlib.closing(connect(path, wait=WAIT_SECONDS)) as db:
        number, oldest = db.execute(_WAITING, (topic,)).fetchone()
    return number, oldest
