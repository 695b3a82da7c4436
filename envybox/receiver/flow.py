"""The flow: a verified webhook is normalized, stored, published, and accounted for.

    store as pending → publish → mark as published

A process that dies between two steps leaves an event that `recovery` finishes. While the
store is down, the webhook goes to the spool topic instead, whole. Only what is safe in one
of the two is answered 2xx; where neither took it, both are tried again while there is time:
an instance that slept may find all its connections closed.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from envybox.errors import BackendError, Unavailable
from envybox.event import Event
from envybox.receiver.admission import Admission, Arrival
from envybox.receiver.breaker import Breaker
from envybox.receiver.deadline import PUBLISH_SECONDS, STORE_SECONDS, STORE_SHARE, Deadline
from envybox.receiver.marks import Marks
from envybox.receiver.outlet import Outlet
from envybox.webhook import Webhook

Status = Literal["published", "stored", "spooled", "duplicate"]

PAUSE_SECONDS = 0.05
"""How long before the second round; before each later one it is twice as long."""

ROUND_SECONDS = 0.2
"""What must be left for another round."""

_PASSED_BY = "failing, not asked"


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
    """Takes webhooks to the store and the topics.

    `has_spool`: whether the outlet's spool is a second place to be safe in.
    """

    def __init__(self, admission: Admission, outlet: Outlet, *, has_spool: bool = True) -> None:
        self._admission = admission
        self._outlet = outlet
        self._has_spool = has_spool
        self._breaker = Breaker()  # the store's: what it refuses for all is an outage
        self._in_flight: dict[str, _Flight] = {}
        self._marks = Marks(outlet.mark)
        self._under_way = 0

    async def receive(self, webhook: Webhook, deadline: Deadline) -> Outcome:
        """Make a webhook safe and published; return what became of it.

        The same webhook in parallel waits for the outcome of the first. Raises
        `BackendError` where neither backend took it.
        """
        self._under_way += 1
        try:
            return await self._receive(self._admission.arrival(webhook), deadline)
        finally:
            self._under_way -= 1
            if not self._under_way:
                await self._marks.flush()

    async def _receive(self, arrival: Arrival, deadline: Deadline) -> Outcome:
        webhook, event = arrival
        first = event.id
        under_way = self._in_flight.get(first)
        if under_way is not None:
            if self._admission.is_same(webhook, under_way.received_at):
                event_id = await asyncio.shield(under_way.event_id)
                return Outcome(status="duplicate", id=event_id, event=event)
            return await self._deliver(arrival, deadline)
        flight: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._in_flight[first] = _Flight(webhook.received_at, flight)
        try:
            outcome = await self._deliver(arrival, deadline)
            flight.set_result(outcome.id)
        except BaseException as error:
            flight.set_exception(error if isinstance(error, BackendError) else Unavailable())
            flight.exception()  # asked for here, for nobody else may be waiting
            raise
        finally:
            del self._in_flight[first]
        return outcome

    async def _deliver(self, arrival: Arrival, deadline: Deadline) -> Outcome:
        if not self._has_spool:
            return await self._store_and_publish(arrival, deadline)
        pause, again = PAUSE_SECONDS, False
        while True:
            try:
                return await self._round(arrival, deadline, again=again)
            except BackendError:
                if deadline.left() < pause + ROUND_SECONDS:
                    raise
            await asyncio.sleep(pause)
            pause, again = pause * 2, True

    async def _round(self, arrival: Arrival, deadline: Deadline, *, again: bool) -> Outcome:
        """Try both places, the one that works first. Raises the second one's `BackendError`.

        `again`: both were tried before, and either may have taken the webhook all the same.
        """
        if self._breaker.allows():
            try:
                return await self._store_and_publish(arrival, deadline, again=again)
            except Exception as error:  # noqa: BLE001 # also a defect: the spool keeps it whole
                cause = str(error) if isinstance(error, BackendError) else type(error).__name__
            return await self._spool(arrival, deadline, cause)
        try:
            return await self._spool(arrival, deadline, _PASSED_BY)
        except BackendError:  # nothing is refused that was not tried
            return await self._store_and_publish(arrival, deadline, again=again)

    async def _store_and_publish(
        self, arrival: Arrival, deadline: Deadline, *, again: bool = False
    ) -> Outcome:
        # However many calls it takes: what is left of the deadline is the spool's.
        seconds = min(STORE_SECONDS, deadline.left() * STORE_SHARE)
        admitting = self._admission.admit(arrival, Deadline(seconds))
        admitted = await self._breaker.watch(admitting)
        is_first = admitted.is_new or (again and admitted.is_own)
        status: Status = "published" if is_first else "duplicate"
        cause = None
        if admitted.unpublished is not None and admitted.id not in self._marks:
            if self._outlet.allows():
                timeout = deadline.within(PUBLISH_SECONDS)
                mark = await self._outlet.publish(admitted.unpublished, timeout=timeout)
                cause = mark.cause
                self._marks.add(mark)
            else:
                cause = _PASSED_BY
        if cause and is_first:
            status = "stored"
        return Outcome(status=status, id=admitted.id, event=arrival.event, cause=cause)

    async def _spool(self, arrival: Arrival, deadline: Deadline, cause: str) -> Outcome:
        await self._outlet.spool(arrival.webhook, timeout=deadline.within(PUBLISH_SECONDS))
        event = arrival.event
        return Outcome(status="spooled", id=event.id, event=event, cause=cause)
