"""The flow: a verified webhook is normalized, stored, published, and accounted for.

    store as pending → publish → mark as published

A process that dies between two steps leaves an event that `recovery` finishes. While the
store is down, the webhook goes to the spool topic instead, whole. Only what is safe in one
of the two is answered 2xx.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeVar

import msgspec

from envybox.errors import BackendError, Rejected, Unavailable
from envybox.event import Event
from envybox.ports.publish import Publisher
from envybox.ports.store import Mark, Store
from envybox.receiver import message, spool
from envybox.receiver.admission import Admission
from envybox.receiver.breaker import Breaker
from envybox.receiver.deadline import (
    MARK_SECONDS,
    PUBLISH_SECONDS,
    STORE_SECONDS,
    TOTAL_SECONDS,
    Deadline,
)
from envybox.receiver.marks import Marks
from envybox.settings import Settings
from envybox.types import spool_topic, topic_of
from envybox.webhook import Webhook

Status = Literal["published", "stored", "spooled", "duplicate"]
T = TypeVar("T")

_PASSED_BY = "failing, not asked"

_ANSWERS = {"NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION"}
"""Statuses that tell of one topic or grant: the backend is up, and answers at once."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a webhook: `id` is its event's, which may be an earlier webhook's.

    `cause` says why it is not `published`, for the log: the name of a gRPC status.
    """

    status: Status
    id: str
    event: Event
    cause: str | None = None


class _Flight(NamedTuple):
    """A webhook that is under way: when it was received, and what its event's id will be."""

    received_at: datetime
    event_id: asyncio.Future[str]


class Flow:
    """Takes webhooks to the store and the topics."""

    def __init__(self, settings: Settings, store: Store, publisher: Publisher) -> None:
        self.admission = Admission(settings, store)
        self._prefix = settings.topic_prefix
        self._store = store
        self._publisher = publisher
        # Store and publisher in one: there is no second place to be safe in.
        self._is_embedded = id(store) == id(publisher)
        self._store_breaker = Breaker()
        self._publish_breaker = Breaker()
        self._in_flight: dict[str, _Flight] = {}
        self._marks = Marks(self.mark)
        self._under_way = 0

    async def receive(self, webhook: Webhook) -> Outcome:
        """Make a webhook safe and published; return what became of it.

        The same webhook in parallel waits for the outcome of the first. Raises
        `Unavailable` where neither backend took it.
        """
        self._under_way += 1
        try:
            return await self._receive(webhook)
        finally:
            self._under_way -= 1
            if not self._under_way:
                await self._marks.flush()

    async def _receive(self, webhook: Webhook) -> Outcome:
        event = self.admission.event(webhook)
        first = event.id
        under_way = self._in_flight.get(first)
        if under_way is not None:
            if self.admission.is_same(webhook, under_way.received_at):
                event_id = await asyncio.shield(under_way.event_id)
                return Outcome(status="duplicate", id=event_id, event=event)
            return await self._deliver(webhook, event, Deadline(TOTAL_SECONDS))
        flight: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._in_flight[first] = _Flight(webhook.received_at, flight)
        try:
            outcome = await self._deliver(webhook, event, Deadline(TOTAL_SECONDS))
            flight.set_result(outcome.id)
        except BaseException as error:
            flight.set_exception(error if isinstance(error, BackendError) else Unavailable())
            flight.exception()  # asked for here, for nobody else may be waiting
            raise
        finally:
            del self._in_flight[first]
        return outcome

    async def publish(self, event: Event, *, timeout: float) -> Mark:
        """Publish an event; return the mark that tells of it, for the store.

        Raises nothing of the backend's: the mark of a failed attempt has no message id.
        """
        topic = topic_of(self._prefix, event.type)
        call = self._publisher.publish(topic, message.of_event(event), timeout=timeout)
        try:
            message_id = await _guarded(self._publish_breaker, call)
        except BackendError as error:
            return Mark(
                event_id=event.id,
                message_id=None,
                at=datetime.now(UTC),
                cause=str(error),
                rejected=isinstance(error, Rejected),
            )
        return Mark(event_id=event.id, message_id=message_id, at=datetime.now(UTC))

    async def mark(self, mark: Mark, *, timeout: float = MARK_SECONDS) -> str | None:
        """Write the outcome of an attempt.

        Returns why it is not written, where it is not: `recovery` publishes again then.
        """
        try:
            await self._store.mark(mark, timeout=timeout)
        except BackendError as error:
            return str(error)
        return None

    async def _deliver(self, webhook: Webhook, event: Event, deadline: Deadline) -> Outcome:
        if self._is_embedded:
            return await self._store_and_publish(webhook, event, deadline)
        if self._store_breaker.allows():
            try:
                return await self._store_and_publish(webhook, event, deadline)
            except Exception as error:  # noqa: BLE001 # also a defect: the spool keeps it whole
                cause = str(error) if isinstance(error, BackendError) else type(error).__name__
            return await self._spool(webhook, event, deadline, cause)
        try:
            return await self._spool(webhook, event, deadline, _PASSED_BY)
        except BackendError:  # nothing is refused that was not tried
            return await self._store_and_publish(webhook, event, deadline)

    async def _store_and_publish(
        self, webhook: Webhook, event: Event, deadline: Deadline
    ) -> Outcome:
        # However many calls it takes: what is left of the deadline is the spool's.
        admitting = self.admission.admit(webhook, event, Deadline(deadline.within(STORE_SECONDS)))
        admitted = await _guarded(self._store_breaker, admitting)
        status: Status = "published" if admitted.is_new else "duplicate"
        cause = None
        if admitted.unpublished is not None and admitted.id not in self._marks:
            if self._publish_breaker.allows():
                timeout = deadline.within(PUBLISH_SECONDS)
                mark = await self.publish(admitted.unpublished, timeout=timeout)
                cause = mark.cause
                self._marks.add(mark)
            else:
                cause = _PASSED_BY
        if cause and admitted.is_new:
            status = "stored"
        return Outcome(status=status, id=admitted.id, event=event, cause=cause)

    async def _spool(
        self, webhook: Webhook, event: Event, deadline: Deadline, cause: str
    ) -> Outcome:
        call = self._publisher.publish(
            spool_topic(self._prefix),
            spool.encode(webhook),
            timeout=deadline.within(PUBLISH_SECONDS),
        )
        await _guarded(self._publish_breaker, call)
        return Outcome(status="spooled", id=event.id, event=event, cause=cause)


async def _guarded(breaker: Breaker, call: Awaitable[T]) -> T:
    """Await a call and tell the breaker how it went."""
    try:
        result = await call
    except BackendError as error:
        if isinstance(error, Rejected) or str(error) in _ANSWERS:
            breaker.succeeded()
        else:
            breaker.failed()
        raise
    breaker.succeeded()
    return result
