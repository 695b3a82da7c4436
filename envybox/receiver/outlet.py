"""The outlet: all that leaves for topics, and what is written down of it."""

from __future__ import annotations

from datetime import UTC, datetime

from envybox.errors import BackendError, CallRefused, InvalidCall, Rejected
from envybox.event import Event
from envybox.ports.backend import Backend
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from envybox.receiver import message, spool
from envybox.receiver.breaker import Breaker
from envybox.receiver.deadline import MARK_SECONDS
from envybox.settings import Settings
from envybox.types import dead_letter_topic, spool_topic, topic_of
from envybox.webhook import Webhook


class Outlet:
    """Publishes events, spools webhooks, and marks what was published."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._prefix = settings.topic_prefix
        self._retention = settings.retention
        self._store = backend.store
        self._publisher = backend.publisher
        # A refusal tells of one topic or one grant, and comes at once: no reason to pass by.
        self._breaker = Breaker(CallRefused)

    def allows(self) -> bool:
        """Whether the publisher is worth asking now."""
        return self._breaker.allows()

    async def publish(self, event: Event, *, timeout: float) -> Mark:
        """Publish an event; return the mark that tells of it, for the store.

        Raises nothing of the backend's: the mark of a failed attempt has no message id.
        """
        topic = topic_of(self._prefix, event.type)
        call = self._publisher.publish(topic, message.of_event(event), timeout=timeout)
        try:
            message_id = await self._breaker.watch(call)
        except BackendError as error:
            return Mark(
                event_id=event.id,
                message_id=None,
                at=datetime.now(UTC),
                cause=str(error),
                rejected=isinstance(error, Rejected | InvalidCall),
            )
        return Mark(
            event_id=event.id,
            message_id=message_id,
            at=datetime.now(UTC),
            expire_at=self._end(event.received_at),
        )

    async def mark(self, mark: Mark, *, timeout: float = MARK_SECONDS) -> str | None:
        """Write the outcome of an attempt.

        Returns why it is not written, where it is not: `recovery` publishes again then.
        """
        try:
            await self._store.mark(mark, timeout=timeout)
        except BackendError as error:
            return str(error)
        return None

    async def spool(self, webhook: Webhook, *, timeout: float) -> None:
        """Keep a webhook in the spool. Raises `BackendError`."""
        topic = spool_topic(self._prefix)
        call = self._publisher.publish(topic, spool.encode(webhook), timeout=timeout)
        await self._breaker.watch(call)

    async def bury(self, spooled: Message, reason: str, *, timeout: float) -> None:
        """Keep a spool message that can never be taken as a dead letter. Raises `BackendError`."""
        topic = dead_letter_topic(self._prefix)
        letter = spool.dead_letter(spooled, reason)
        await self._publisher.publish(topic, letter, timeout=timeout)

    def _end(self, received_at: datetime) -> datetime | None:
        """Return when the retention of an event ends that is published now."""
        if self._retention is None:
            return None
        try:
            return received_at + self._retention
        except OverflowError:  # a spool message's time may be any: it is kept
            return None
