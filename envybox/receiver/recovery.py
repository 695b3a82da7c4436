"""Recovery: what was stored and not published, and what was spooled.

Nobody waits for it as Envybox does for an answer, so its time limits are its own: a backend
that is slow, and would be passed by there, is waited for here.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec

from envybox.errors import BackendError, Malformed, Rejected
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Store, Stored
from envybox.receiver import logs, spool
from envybox.receiver.admission import Admission
from envybox.receiver.course import PASSED_BY, Course, Leg, Run, Stop
from envybox.receiver.deadline import Deadline
from envybox.receiver.outlet import Outlet
from envybox.settings import Settings

RUN_SECONDS = 40.0
"""How long a run goes on taking new events; Cloud Run ends a request after 60."""

CALL_SECONDS = 5.0
"""For reading, publishing or marking: what a run took last is done 15 seconds later."""

BACKLOG_SECONDS = 3.0
"""For counting what is left, which is for the report alone."""

DRAIN_SECONDS = 20.0
"""For storing what was spooled, in all its calls."""

PAGE = 50
PARALLEL = 20


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run did, and what is left: how many, and how long the oldest has waited.

    Both are None where they could not be told. `at_least`: there are more.
    """

    published: int
    failed: int
    pending: int | None
    oldest_pending_seconds: float | None
    at_least: bool = False


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a spooled webhook: `published`, `stored`, `duplicate`, `dead_lettered`.

    `reason`: why it is a dead letter.
    """

    status: str
    id: str | None = None
    spool_age_seconds: float | None = None
    reason: str | None = None


class Recovery:
    """Finishes what the flow began. Any number of it may run at once.

    Two that meet at an event both publish it: subscribers tell repeats by `event_id`.
    """

    def __init__(
        self, settings: Settings, store: Store, admission: Admission, outlet: Outlet
    ) -> None:
        self._recover_after = settings.recover_after
        self._store = store
        self._admission = admission
        self._outlet = outlet
        self._course = Course()

    async def run(self, seconds: float = RUN_SECONDS) -> Report:
        """Publish what is pending for longer than `recover_after`, oldest first.

        Raises `BackendError` where the store cannot be read and nothing was done.
        """
        run = Run(seconds)
        before = datetime.now(UTC) - self._recover_after
        fresh, ring = self._course.begin(before)
        stop: Stop | None = None
        is_whole = True
        try:
            if fresh is not None:
                await self._follow(fresh, run, before)
            for leg in ring:
                if is_whole:
                    found, is_whole = await self._follow(leg, run, before)
                    stop = stop or found if is_whole else found
            self._course.stop(stop)
        except BackendError as error:
            if not run.published and not run.failed:
                raise
            _warn(f"what is pending cannot be read ({error}): the run ends")
        if run.ended_by is not None:
            _warn(f"what is published cannot be marked ({run.ended_by}): the run ends")
        return self._report(run, await self._backlog(before))

    async def drain(self, message: Message) -> Drained:
        """Store and publish a spooled webhook, whose message this is.

        A message that can never be taken goes to the dead-letter topic, as it is. Raises
        `BackendError` where it is not safe yet: it has to come again.
        """
        try:
            webhook = spool.decode(message)
            arrival = self._admission.arrival(webhook)
            admitted = await self._admission.admit(arrival, Deadline(DRAIN_SECONDS))
        except (Malformed, Rejected) as error:
            await self._outlet.bury(message, str(error), timeout=CALL_SECONDS)
            return Drained(status="dead_lettered", reason=str(error))
        age = (datetime.now(UTC) - webhook.received_at).total_seconds()
        status = "duplicate"
        if admitted.unpublished is not None:
            mark = await self._outlet.publish(admitted.unpublished, timeout=CALL_SECONDS)
            lost = await self._outlet.mark(mark, timeout=CALL_SECONDS)
            if lost or mark.message_id is None:
                self._course.note_pending(admitted.unpublished.received_at)
            if admitted.is_new or admitted.is_own:
                status = "stored" if mark.message_id is None else "published"
        return Drained(status=status, id=admitted.id, spool_age_seconds=round(age, 3))

    async def _follow(self, leg: Leg, run: Run, before: datetime) -> tuple[Stop | None, bool]:
        """Publish what is pending in a leg.

        Returns where to go on, None where nothing was passed by; and whether all was read.
        """
        slots = asyncio.Semaphore(PARALLEL)

        async def publish(stored: Stored) -> bool:
            async with slots:
                return await self._publish(stored, run, before)

        last, stop, passed = leg.after, None, 0
        while run.goes_on():
            page = await self._store.pending(
                since=leg.since, before=leg.before, after=last, limit=PAGE, timeout=CALL_SECONDS
            )
            are_done = await asyncio.gather(*(publish(stored) for stored in page))
            for stored, is_done in zip(page, are_done, strict=True):
                if not is_done:
                    passed += 1
                    stop = stop or Stop(last)
                last = stored
            if len(page) < PAGE:
                return stop, True
            if passed >= PASSED_BY:
                return Stop(last), False
        return stop or Stop(last), False

    async def _publish(self, stored: Stored, run: Run, before: datetime) -> bool:
        """Publish an event. False: it was passed by, for it is not worth it in this run."""
        if run.has_tried(stored.id) or (stored.created_at and stored.created_at >= before):
            return True  # who stored it of late may be about to publish it, as a drain does
        try:
            event = self._admission.event_of(stored)
            if not run.tries(event):
                return False
            mark = await self._outlet.publish(event, timeout=CALL_SECONDS)
            lost = await self._outlet.mark(mark, timeout=CALL_SECONDS)
        except Exception as error:  # noqa: BLE001 # no reason to hold up the others
            text = f"recover: event {stored.id} cannot be published"
            if isinstance(error, ValueError):  # somebody changed it by hand
                text += ": its `raw` cannot be read"
            entry = {"severity": "ERROR", "message": text, "event_id": stored.id}
            logs.write(logs.of_defect(error) | entry)
            run.note_broken(stored.id)
        else:
            run.note(event, mark, lost)
        return True

    async def _backlog(self, before: datetime) -> Backlog | None:
        try:
            backlog = await self._store.backlog(since=self._course.since, timeout=BACKLOG_SECONDS)
        except BackendError as error:  # what was published is told all the same
            _warn(f"what is pending cannot be counted ({error})")
            return None
        self._course.looked(before, backlog.oldest)
        return backlog

    @staticmethod
    def _report(run: Run, backlog: Backlog | None) -> Report:
        if backlog is None:
            return Report(
                published=run.published,
                failed=run.failed,
                pending=None,
                oldest_pending_seconds=None,
            )
        oldest = backlog.oldest
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        return Report(
            published=run.published,
            failed=run.failed,
            pending=backlog.pending,
            oldest_pending_seconds=round(max(0.0, waited), 3),
            at_least=backlog.at_least,
        )


def _warn(text: str) -> None:
    logs.write({"severity": "WARNING", "message": f"recover: {text}"})
