"""Recovery: what was stored and not published, and what was spooled."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import msgspec

from envybox import logs, spool
from envybox.deadline import MARK_SECONDS, PUBLISH_SECONDS, TOTAL_SECONDS, Deadline
from envybox.errors import Malformed, Rejected
from envybox.flow import Flow
from envybox.publish import Message, Publisher
from envybox.settings import Settings
from envybox.store import Store, Stored
from envybox.types import dead_letter_topic

RUN_SECONDS = 45.0
"""How long a run goes on taking new events; Cloud Run ends a request after 60."""

PAGE = 50
PARALLEL = 20
READ_SECONDS = 5.0
TOPIC_FAILURES = 5
"""After so many failures a topic's events are left for the next run, for others' sake."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, and what is left: how many, and how long the oldest has waited."""

    published: int
    failed: int
    pending: int
    oldest_pending_seconds: float


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a spooled webhook: `published`, `stored`, `duplicate`, `dead_lettered`."""

    status: str
    id: str | None = None
    spool_age_seconds: float | None = None


class Recovery:
    """Finishes what the flow began. Any number of it may run at once.

    Two that meet at an event both publish it: subscribers tell repeats by `event_id`.
    """

    def __init__(self, settings: Settings, store: Store, publisher: Publisher, flow: Flow) -> None:
        self._settings = settings
        self._store = store
        self._publisher = publisher
        self._flow = flow

    async def run(self, seconds: float = RUN_SECONDS) -> Report:
        """Publish what is pending for longer than `recover_after`, oldest first.

        Raises `Unavailable` where the store cannot be read.
        """
        stop_at = time.monotonic() + seconds
        before = datetime.now(UTC) - self._settings.recover_after
        published = failed = 0
        last: Stored | None = None
        failures: Counter[str] = Counter()
        slots = asyncio.Semaphore(PARALLEL)

        async def publish(stored: Stored) -> bool | None:
            async with slots:
                return await self._publish(stored, failures, stop_at)

        while time.monotonic() < stop_at:
            page = await self._store.pending(
                before=before, after=last, limit=PAGE, timeout=READ_SECONDS
            )
            if not page:
                break
            last = page[-1]
            outcomes = await asyncio.gather(*(publish(stored) for stored in page))
            published += outcomes.count(True)
            failed += outcomes.count(False)
        backlog = await self._store.backlog(timeout=READ_SECONDS)
        oldest = backlog.oldest
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        return Report(
            published=published,
            failed=failed,
            pending=backlog.pending,
            oldest_pending_seconds=round(max(0.0, waited), 3),
        )

    async def drain(self, message: Message) -> Drained:
        """Store and publish a spooled webhook, whose message this is.

        A message that can never be taken goes to the dead-letter topic, as it is. Raises
        `Unavailable` where it is not safe yet: it has to come again.
        """
        try:
            webhook = spool.decode(message)
            deadline = Deadline(TOTAL_SECONDS)
            admission = self._flow.admission
            admitted = await admission.admit(webhook, admission.event(webhook), deadline)
        except (Malformed, Rejected, OverflowError) as error:  # a time past all times
            await self._dead_letter(message, str(error))
            return Drained(status="dead_lettered")
        age = (datetime.now(UTC) - webhook.received_at).total_seconds()
        status = "published" if admitted.is_new else "duplicate"
        if admitted.unpublished is not None:
            mark = await self._flow.publish(
                admitted.unpublished, timeout=deadline.within(PUBLISH_SECONDS)
            )
            await self._flow.mark(mark)
            if mark.message_id is None and admitted.is_new:
                status = "stored"
        return Drained(status=status, id=admitted.id, spool_age_seconds=round(age, 3))

    async def _publish(self, stored: Stored, failures: Counter[str], stop_at: float) -> bool | None:
        """Publish an event. None: not tried, for the time is up or its topic is failing."""
        try:
            return await self._published(stored, failures, stop_at)
        except Exception as error:  # noqa: BLE001 # no reason to hold up the others
            text = f"recover: event {stored.id} cannot be published"
            if isinstance(error, ValueError):  # somebody changed it by hand
                text += ": its `raw` cannot be read"
            entry = {"severity": "ERROR", "message": text, "event_id": stored.id}
            logs.write(logs.of_defect(error) | entry)
            return False

    async def _published(
        self, stored: Stored, failures: Counter[str], stop_at: float
    ) -> bool | None:
        event = self._flow.admission.event_of(stored)
        if failures[event.type] >= TOPIC_FAILURES or time.monotonic() >= stop_at:
            return None
        mark = await self._flow.publish(event, timeout=PUBLISH_SECONDS)
        if mark.message_id is None and not mark.rejected:  # that is no fault of the topic's
            failures[event.type] += 1
        await self._flow.mark(mark)
        return mark.message_id is not None

    async def _dead_letter(self, message: Message, reason: str) -> None:
        dead = Message(data=message.data, attributes={**message.attributes, "reason": reason})
        await self._publisher.publish(
            dead_letter_topic(self._settings.topic_prefix), dead, timeout=MARK_SECONDS
        )
