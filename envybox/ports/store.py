"""The store's port: where events are kept. Backends: `envybox.google`, `envybox.local`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from envybox.event import Event


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A new event to be stored as pending.

    `raw` is `webhook.encode_raw`'s text, `topic` the full name's last part
    (`envybox-call-result`), `expire_at` when a retention ends (UTC).
    """

    event: Event
    raw: str
    topic: str
    expire_at: datetime | None = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is in the store: all that is needed to publish it (again)."""

    id: str
    account: str
    received_at: datetime
    raw: str
    published: bool
    attempts: int = 0


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The outcome of one attempt to publish an event, to be written beside it.

    `message_id` is Pub/Sub's; None says that the attempt failed and the event stays
    pending, and then `cause` says why, for the log, and `rejected` whether this very message
    was refused. `at` is the time of the attempt (UTC).
    """

    event_id: str
    message_id: str | None
    at: datetime
    cause: str | None = None
    rejected: bool = False


class Backlog(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many events are pending, and when the oldest of them was received (UTC).

    `at_least`: there are so many, and maybe more.
    """

    pending: int
    oldest: datetime | None
    at_least: bool = False


class Store(Protocol):
    """A store of events.

    Every call ends within `timeout` seconds. It raises `Unavailable` when it could not
    be done now (it may have taken effect all the same), `Rejected` when the store
    refuses this very event.
    """

    async def create(self, record: Record, *, timeout: float) -> bool:
        """Store the event as pending, durably. False: an event of this id is there."""

    async def get(self, event_id: str, *, timeout: float) -> Stored | None:
        """Return the event of this id, None where there is none."""

    async def mark(self, mark: Mark, *, timeout: float) -> None:
        """Write the outcome of an attempt to publish; count the attempt.

        An event that is not there any more is left alone. A failed attempt never
        takes back that the event was published.
        """

    async def pending(
        self, *, before: datetime, after: Stored | None, limit: int, timeout: float
    ) -> list[Stored]:
        """Return pending events received before a time, oldest first (then by id).

        `after`: only those that come after this one in that order.
        """

    async def backlog(self, *, timeout: float) -> Backlog:
        """Return how much is pending, whatever its age."""

    async def close(self) -> None:
        """Let go of connections, threads and files."""
