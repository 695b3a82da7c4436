"""Recovery: what was stored and not published, and what was spooled.

Nobody waits for it as Envybox does for an answer, so its time limits are its own: a backend
that is slow, and would be passed by there, is waited for here.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import msgspec

from envybox.errors import Malformed, Rejected
from envybox.event import Event
from envybox.ports.publish import Message, Publisher
from envybox.ports.store import Mark, Store, Stored
from envybox.receiver import logs, spool
from envybox.receiver.deadline import Deadline
from envybox.receiver.flow import Flow
from envybox.settings import Settings
from envybox.types import dead_letter_topic

RUN_SECONDS = 40.0
"""How long a run goes on taking new events; Cloud Run ends a request after 60."""

CALL_SECONDS = 5.0
"""For reading, publishing or marking: what a run took last is done 15 seconds later."""

DRAIN_SECONDS = 20.0
"""For storing what was spooled, in all its calls."""

PAGE = 50
PARALLEL = 20

TOPIC_FAILURES = 5
"""After so many failures a topic's events are left for the next run, for others' sake."""

TOPIC_REFUSALS = 100
"""The same for messages that are refused for what they are: mostly no fault of the topic's."""

LOST_MARKS = 2 * PARALLEL
"""After so many in a row a run ends: what it cannot mark, the next one publishes again."""


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


class _Run:
    """How far a run has come, which tells what is worth trying."""

    def __init__(self, seconds: float) -> None:
        self._stop_at = time.monotonic() + seconds
        self._failures: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._lost_marks: list[str] = []

    def goes_on(self) -> bool:
        return time.monotonic() < self._stop_at and self.ended_by is None

    @property
    def ended_by(self) -> str | None:
        """Why marks are lost, where too many are."""
        return self._lost_marks[-1] if len(self._lost_marks) >= LOST_MARKS else None

    def tries(self, event: Event) -> bool:
        type_ = event.type
        return (
            self.goes_on()
            and self._failures[type_] < TOPIC_FAILURES
            and self._refusals[type_] < TOPIC_REFUSALS
        )

    def note(self, event: Event, mark: Mark, lost: str | None) -> None:
        if mark.message_id is None:
            (self._refusals if mark.rejected else self._failures)[event.type] += 1
        if lost is None:
            self._lost_marks.clear()
        else:
            self._lost_marks.append(lost)


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
        run = _Run(seconds)
        before = datetime.now(UTC) - self._settings.recover_after
        published = failed = 0
        last: Stored | None = None
        slots = asyncio.Semaphore(PARALLEL)

        async def publish(stored: Stored) -> bool | None:
            async with slots:
                return await self._publish(stored, run)

        while run.goes_on():
            page = await self._store.pending(
                before=before, after=last, limit=PAGE, timeout=CALL_SECONDS
            )
            if not page:
                break
            last = page[-1]
            outcomes = await asyncio.gather(*(publish(stored) for stored in page))
            published += outcomes.count(True)
            failed += outcomes.count(False)
        if run.ended_by is not None:
            text = f"recover: what is published cannot be marked ({run.ended_by}): the run ends"
            logs.write({"severity": "WARNING", "message": text})
        backlog = await self._store.backlog(timeout=CALL_SECONDS)
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
            admission = self._flow.admission
            admitted = await admission.admit(
                webhook, admission.event(webhook), Deadline(DRAIN_SECONDS)
            )
        except (Malformed, Rejected, OverflowError) as error:  # a time past all times
            await self._dead_letter(message, str(error))
            return Drained(status="dead_lettered")
        age = (datetime.now(UTC) - webhook.received_at).total_seconds()
        status = "published" if admitted.is_new else "duplicate"
        if admitted.unpublished is not None:
            mark = await self._flow.publish(admitted.unpublished, timeout=CALL_SECONDS)
            await self._flow.mark(mark, timeout=CALL_SECONDS)
            if mark.message_id is None and admitted.is_new:
                status = "stored"
        return Drained(status=status, id=admitted.id, spool_age_seconds=round(age, 3))

    async def _publish(self, stored: Stored, run: _Run) -> bool | None:
        """Publish an event. None: not tried, for it is not worth it in this run."""
        try:
            event = self._flow.admission.event_of(stored)
            if not run.tries(event):
                return None
            mark = await self._flow.publish(event, timeout=CALL_SECONDS)
            lost = await self._flow.mark(mark, timeout=CALL_SECONDS)
        except Exception as error:  # noqa: BLE001 # no reason to hold up the others
            text = f"recover: event {stored.id} cannot be published"
            if isinstance(error, ValueError):  # somebody changed it by hand
                text += ": its `raw` cannot be read"
            entry = {"severity": "ERROR", "message": text, "event_id": stored.id}
            logs.write(logs.of_defect(error) | entry)
            return False
        run.note(event, mark, lost)
        return mark.message_id is not None

    async def _dead_letter(self, message: Message, reason: str) -> None:
        await self._publisher.publish(
            dead_letter_topic(self._settings.topic_prefix),
            spool.dead_letter(message, reason),
            timeout=CALL_SECONDS,
        )
