from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Rejected, Unavailable
from envybox.event import Event
from envybox.ports.backend import Backend
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark, Stored
from envybox.receiver import course, deadline, spool
from envybox.receiver import recovery as recovery_module
from envybox.receiver.admission import Admission
from envybox.receiver.deadline import Deadline
from envybox.receiver.outlet import Outlet
from envybox.receiver.recovery import Drained, Recovery, Report
from envybox.settings import Settings
from envybox.webhook import Webhook
from tests.fakes import FakePublisher, FakeStore
from tests.samples import HELP_PAGE, webhook_of

CALL_TOPIC, LEAD_TOPIC = "envybox-call-result", "envybox-lead-generator"
DOWN = [Unavailable("UNAVAILABLE")] * 1000


class World:
    """Recovery between a store and a publisher that do as they are told."""

    def __init__(self, settings: Settings) -> None:
        self.store = FakeStore()
        self.publisher = FakePublisher()
        self.admission = Admission(settings, self.store)
        self.outlet = Outlet(settings, Backend(self.store, self.publisher))
        self.settings = settings
        self.restart()

    def restart(self) -> None:
        """Go on as a new process."""
        self.recovery = Recovery(self.settings, self.store, self.admission, self.outlet)

    def leave_pending(self, count: int, *, number: str = "1", age: float = 3600) -> None:
        """Store webhooks of a type that were never published, a second apart."""

        async def store() -> None:
            for index in range(count):
                at = datetime.now(UTC) - timedelta(seconds=age) + timedelta(seconds=index)
                fields = [("webhooktype", number), ("call_id", f"{number}-{index}-{age}")]
                webhook = webhook_of(fields, received_at=at)
                admitted = await self.admission.admit(self.admission.arrival(webhook), Deadline(1))
                assert admitted.is_new

        asyncio.run(store())

    def run(self, **kwargs: Any) -> Report:
        """Run recovery."""
        return asyncio.run(self.recovery.run(**kwargs))

    def drain(self, message: Message) -> Drained:
        """Drain a spool message."""
        return asyncio.run(self.recovery.drain(message))


@pytest.fixture
def world(settings: Callable[..., Settings]) -> World:
    """A world with the default settings."""
    return World(settings())


def _published(world: World, topic: str) -> list[str]:
    return [json.loads(message.data)["id"] for message in world.publisher.messages[topic]]


def test_publishes_what_is_pending(world: World) -> None:
    """What is pending for long is published and marked, page after page."""
    world.leave_pending(recovery_module.PAGE * 2 + 1)
    report = world.run()
    assert (recovery_module.PAGE * 2 + 1, 0, 0) == (report.published, report.failed, report.pending)
    assert 0 == report.oldest_pending_seconds
    assert len(set(_published(world, CALL_TOPIC))) == recovery_module.PAGE * 2 + 1


def test_oldest_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is published first."""
    monkeypatch.setattr(recovery_module, "PARALLEL", 1)
    world.leave_pending(3, age=100)
    world.leave_pending(3, age=200)
    world.run()
    messages = world.publisher.messages[CALL_TOPIC]
    calls = [json.loads(message.data)["call"]["id"] for message in messages]
    assert [f"1-{n}-{age}" for age in (200, 100) for n in range(3)] == calls


def test_leaves_what_is_fresh(world: World) -> None:
    """What is pending for less than a minute is left to the request that it is of."""
    world.leave_pending(2, age=30)
    report = world.run()
    assert (0, 2) == (report.published, report.pending)
    assert 29 <= report.oldest_pending_seconds <= 40


def test_one_that_always_fails_holds_up_nobody(world: World) -> None:
    """A topic that fails is given up for this run, the others are published."""
    world.leave_pending(120, age=5000)
    world.leave_pending(3, number="4", age=100)
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    report = world.run()
    assert (3, 120) == (report.published, report.pending)
    assert course.TOPIC_FAILURES <= report.failed < 60
    assert 4999 <= report.oldest_pending_seconds <= 5100
    assert 3 == len(_published(world, LEAD_TOPIC))


def test_refused_messages_hold_up_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that refuses all its messages is given up too, after more of them."""
    monkeypatch.setattr(course, "TOPIC_REFUSALS", 60)
    world.leave_pending(120, age=5000)
    world.leave_pending(3, number="4", age=100)
    world.publisher.faults[CALL_TOPIC] = [Rejected("INVALID_ARGUMENT")] * 1000
    report = world.run()
    assert (3, 120) == (report.published, report.pending)
    assert 60 <= report.failed < 60 + recovery_module.PARALLEL


def test_marks_that_are_lost_end_the_run(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be marked would be published again by each run, so it is not all tried."""
    world.leave_pending(200)
    world.store.faults["mark"] = list(DOWN)
    report = world.run()
    most = course.LOST_MARKS
    assert most <= report.published < most + recovery_module.PARALLEL
    assert 200 == report.pending
    line = json.loads(capsys.readouterr().out)
    assert ("WARNING", True) == (line["severity"], "UNAVAILABLE" in line["message"])


def test_some_marks_that_are_lost_end_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks that are lost among others cost repeated messages, not the run, however many."""
    world.leave_pending(200)
    written = world.store.mark
    calls = itertools.count()

    async def every_second(mark: Mark, *, timeout: float) -> None:
        if next(calls) % 2:
            raise Unavailable("UNAVAILABLE")
        await written(mark, timeout=timeout)

    monkeypatch.setattr(world.store, "mark", every_second)
    report = world.run()
    assert (200, 100) == (report.published, report.pending)
    assert report.pending > course.LOST_MARKS


def test_slow_backends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that is too slow for an answer to Envybox is waited for."""
    world.leave_pending(3)
    limits: list[float] = []
    for port, names in ((world.store, ("create", "get", "mark")), (world.publisher, ("publish",))):
        for name in names:
            monkeypatch.setattr(port, name, _noting(getattr(port, name), limits))
    assert 3 == world.run().published
    assert "published" == world.drain(_spooled()[1]).status
    assert 9 == len(limits)
    assert min(limits) > deadline.TOTAL_SECONDS


def _noting(call: Callable[..., Any], limits: list[float]) -> Callable[..., Any]:
    async def noting(*args: Any, timeout: float) -> Any:
        limits.append(timeout)
        return await call(*args, timeout=timeout)

    return noting


def test_each_is_tried_once_a_run(world: World) -> None:
    """What fails is left for the next run, not tried again in the same."""
    world.leave_pending(3)
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    assert 3 == world.run().failed
    assert 3 == world.publisher.calls


def test_failed_attempts_are_counted(world: World) -> None:
    """An attempt that fails is marked as one."""
    world.leave_pending(1)
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    world.run()
    assert [None] == [mark.message_id for mark in world.store.marks]
    assert 1 == world.run().published


def test_ends_in_time(world: World) -> None:
    """When its time is up it takes no more, and tells what is left."""
    world.leave_pending(3)
    report = world.run(seconds=-1)
    assert (0, 3) == (report.published, report.pending)


def test_time_up_within_a_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is up within a page, the rest of the page is left."""
    world.leave_pending(3)
    real = world.store.pending

    async def slow(**kwargs: Any) -> Any:
        page = await real(**kwargs)
        monkeypatch.setattr(course.time, "monotonic", lambda: float("inf"))
        return page

    monkeypatch.setattr(world.store, "pending", slow)
    report = world.run()
    assert (0, 0, 3) == (report.published, report.failed, report.pending)


def test_store_down(world: World) -> None:
    """Without the store there is nothing to tell."""
    world.store.faults["pending"] = DOWN[:1]
    with pytest.raises(Unavailable):
        world.run()


def test_store_down_in_mid_run(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that fails after a page ends the run, and what was published is told."""
    monkeypatch.setattr(recovery_module, "PAGE", 2)
    world.leave_pending(3)
    pending = world.store.pending

    async def once(**kwargs: Any) -> Any:
        page = await pending(**kwargs)
        world.store.faults["pending"] = DOWN[:1]
        return page

    monkeypatch.setattr(world.store, "pending", once)
    report = world.run()
    assert (2, 1) == (report.published, report.pending)
    line = json.loads(capsys.readouterr().out)
    assert ("WARNING", True) == (line["severity"], "cannot be read" in line["message"])


def test_a_count_that_fails(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that published is told of though what is left cannot be counted."""
    world.leave_pending(3)
    world.store.faults["backlog"] = DOWN[:1]
    report = msgspec.to_builtins(world.run())
    expected = {"published": 3, "failed": 0, "pending": None, "oldest_pending_seconds": None}
    assert expected == report
    line = json.loads(capsys.readouterr().out)
    assert ("WARNING", True) == (line["severity"], "counted" in line["message"])


def test_a_count_that_was_cut_short(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more than were counted, the report says so."""

    async def many(**_: Any) -> Backlog:
        return Backlog(pending=1000, oldest=None, at_least=True)

    monkeypatch.setattr(world.store, "backlog", many)
    assert {"pending": 1000, "at_least": True}.items() <= msgspec.to_builtins(world.run()).items()


# Where a run looks, and where the next goes on


def test_a_dead_topic_is_not_read_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dead topic's backlog a run reads a bounded part, the next one goes on behind it."""
    monkeypatch.setattr(recovery_module, "PASSED_BY", 100)
    world.leave_pending(600, age=5000)
    world.leave_pending(3, number="4", age=3000)  # behind all of it
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    read = []
    for _ in range(6):
        world.store.read = 0
        if world.run().published:
            break
        read.append(world.store.read)
    assert 3 == len(_published(world, LEAD_TOPIC))
    assert 2 <= len(read) <= 5
    assert max(read) <= 100 + 2 * recovery_module.PAGE + recovery_module.PARALLEL


def test_what_comes_due_does_not_wait_for_a_dead_topic(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a dead topic's backlog is gone through, what comes due is published by the next run."""
    monkeypatch.setattr(recovery_module, "PASSED_BY", 50)
    world.leave_pending(600, age=5000)
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    world.run()
    monkeypatch.setattr(recovery_module, "datetime", _Later)
    world.leave_pending(2, number="4", age=59)
    assert 2 == world.run().published


class _Later(datetime):
    """A clock that is half a minute ahead."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + timedelta(seconds=30)


def test_refused_messages_do_not_hide_their_topics_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands behind a crowd of refused messages has its turn in the next run."""
    monkeypatch.setattr(course, "TOPIC_REFUSALS", 30)
    monkeypatch.setattr(recovery_module, "PARALLEL", 1)
    world.leave_pending(60, age=5000)
    world.leave_pending(5, age=100)
    poison = [event.id for event in world.store.events.values()][:60]
    publish = world.publisher.publish

    async def refuse(topic: str, message: Message, *, timeout: float) -> str:
        if message.attributes["event_id"] in poison:
            raise InvalidCall("INVALID_ARGUMENT")
        return await publish(topic, message, timeout=timeout)

    monkeypatch.setattr(world.publisher, "publish", refuse)
    published = [world.run().published for _ in range(3)]
    assert 5 == sum(published)


def test_all_is_published_once_it_can_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many runs failed before, the first that can publishes all, from wherever it goes."""
    monkeypatch.setattr(recovery_module, "PASSED_BY", 50)
    world.leave_pending(400)
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    for _ in range(3):
        world.run()
    world.publisher.faults.clear()
    report = world.run()
    assert (400, 0) == (report.published, report.pending)


def test_time_up_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose time was up before a page goes on there; a new process begins with the oldest."""
    world.leave_pending(recovery_module.PAGE + 1)
    oldest = min(world.store.events.values(), key=lambda event: event.received_at)
    pending = world.store.pending
    after: list[Stored | None] = []

    async def noting(**kwargs: Any) -> Any:
        after.append(kwargs["after"])
        return await pending(**kwargs)

    monkeypatch.setattr(world.store, "pending", noting)
    world.recovery._course.stop(course.Stop(oldest))
    world.run(seconds=-1)
    assert [] == after
    world.run()
    assert oldest in after
    world.restart()
    after.clear()
    world.run()
    assert [None] == after


def test_looks_begin_at_what_may_be_pending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs look no further back than a while before the oldest; every ten minutes at all."""
    world.leave_pending(1, age=3600)
    (event,) = world.store.events.values()
    world.publisher.faults[CALL_TOPIC] = DOWN[:2]
    clock = course.time.monotonic
    world.run()
    world.run()
    assert [None, event.received_at - course.LOOK_BACK] == world.store.looks
    world.run()  # publishes it
    world.run()
    bound = world.store.looks[-1]
    assert bound is not None
    behind = datetime.now(UTC) - bound
    assert behind >= course.LOOK_BACK + world.settings.recover_after
    assert behind < timedelta(hours=1)
    monkeypatch.setattr(course.time, "monotonic", lambda: clock() + course.FULL_LOOK_SECONDS)
    world.run()
    assert None is world.store.looks[-1]


def test_a_time_before_all_bounds(world: World) -> None:
    """An event that is dated at the beginning of all time bounds no look."""
    webhook = webhook_of(HELP_PAGE, received_at=datetime(1, 1, 1, tzinfo=UTC))
    world.publisher.faults[CALL_TOPIC] = DOWN[:2]
    world.drain(spool.encode(webhook))
    assert [1, 0] == [world.run().pending for _ in range(2)]


@pytest.mark.parametrize("lost", ["publish", "mark"])
def test_an_old_one_that_was_drained_is_looked_for(world: World, lost: str) -> None:
    """What was drained and not published, or not marked, is no further back than runs look."""
    world.run()
    if lost == "publish":
        world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    else:
        world.store.faults["mark"] = DOWN[:1]
    world.drain(_spooled(age=7200)[1])
    assert 1 == world.run().published


def test_what_is_being_drained_is_left_alone(world: World) -> None:
    """What the store got just now is left to who stored it, however long ago it was received."""
    world.leave_pending(2, age=3600)
    drained, old = world.store.events.values()
    now = datetime.now(UTC)
    for stored, age in ((drained, 30), (old, 90)):
        at = now - timedelta(seconds=age)
        world.store.events[stored.id] = msgspec.structs.replace(stored, created_at=at)
    report = world.run()
    assert ([old.id], 1) == (_published(world, CALL_TOPIC), report.pending)


def _spooled(age: float = 10, fields: Any = HELP_PAGE) -> tuple[Webhook, Message]:
    webhook = webhook_of(fields, received_at=datetime.now(UTC) - timedelta(seconds=age))
    return webhook, spool.encode(webhook)


def test_drain(world: World) -> None:
    """A spooled webhook is stored as of when it was received, published and marked."""
    webhook, message = _spooled()
    drained = world.drain(message)
    assert "published" == drained.status
    assert drained.spool_age_seconds is not None
    assert 10 <= drained.spool_age_seconds < 60
    assert [webhook.received_at] == [event.received_at for event in world.store.events.values()]
    assert [drained.id] == _published(world, CALL_TOPIC)
    assert [True] == [event.published for event in world.store.events.values()]


def test_drain_again(world: World) -> None:
    """A spool message that comes again does nothing again."""
    _, message = _spooled()
    assert ["published", "duplicate"] == [world.drain(message).status for _ in range(2)]
    assert 1 == len(_published(world, CALL_TOPIC))


def test_drain_of_what_another_left_pending(world: World) -> None:
    """A repeat of what is stored and pending has it published, and is a duplicate."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    statuses = [world.drain(_spooled(age=age)[1]).status for age in (20, 10)]
    assert ["stored", "duplicate"] == statuses
    assert 1 == len(_published(world, CALL_TOPIC))


def test_drain_without_publisher(world: World) -> None:
    """A spooled webhook that cannot be published is stored all the same."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    assert "stored" == world.drain(_spooled()[1]).status


def test_drain_without_store(world: World) -> None:
    """While the store is down a spooled webhook has to come again."""
    world.store.faults["create"] = DOWN[:1]
    with pytest.raises(Unavailable):
        world.drain(_spooled()[1])


@pytest.mark.parametrize("poison", [b"", b"junk", b"[]", b'{"spool_version": 2}'])
def test_poison(world: World, poison: bytes) -> None:
    """What can never be taken goes to the dead letters with its data and a reason."""
    drained = world.drain(Message(data=poison, attributes={"a": "b"}))
    assert "dead_lettered" == drained.status
    (dead,) = world.publisher.messages["envybox-spool-dead"]
    assert (poison, "b") == (dead.data, dead.attributes["a"])
    assert dead.attributes["reason"]


def test_rejected(world: World) -> None:
    """What the store can never take goes to the dead letters too."""
    world.store.faults["create"] = [Rejected("INVALID_ARGUMENT")]
    _, message = _spooled()
    drained = world.drain(message)
    assert ("dead_lettered", "INVALID_ARGUMENT") == (drained.status, drained.reason)
    assert [message.data] == [dead.data for dead in world.publisher.messages["envybox-spool-dead"]]


@pytest.mark.parametrize(
    "error",
    [InvalidCall("INVALID_ARGUMENT"), NotFound("NOT_FOUND"), CallRefused("PERMISSION_DENIED")],
)
def test_refused_for_all(world: World, error: Unavailable) -> None:
    """What any webhook would be refused for is an outage: the message comes again, unburied."""
    world.store.faults["create"] = [error]
    _, message = _spooled()
    with pytest.raises(Unavailable):
        world.drain(message)
    assert {} == world.publisher.messages
    assert "published" == world.drain(message).status


def test_drain_of_what_is_stored_and_pending(world: World) -> None:
    """A spool message whose webhook was stored by an earlier try of its own is published now."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    _, message = _spooled()
    statuses = [world.drain(message).status for _ in range(3)]
    assert ["stored", "published", "duplicate"] == statuses


def test_poison_without_publisher(world: World) -> None:
    """While the dead letters cannot be published the message has to come again."""
    world.publisher.faults["envybox-spool-dead"] = DOWN[:1]
    with pytest.raises(Unavailable):
        world.drain(Message(data=b"junk", attributes={}))


def test_a_document_that_was_spoiled(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """An event whose `raw` cannot be read fails alone, and the log names it."""
    world.leave_pending(3)
    spoiled = next(iter(world.store.events))
    stored = world.store.events[spoiled]
    world.store.events[spoiled] = msgspec.structs.replace(stored, raw="changed by hand")
    report = world.run()
    assert (2, 1, 1) == (report.published, report.failed, report.pending)
    assert spoiled == json.loads(capsys.readouterr().out)["event_id"]


def test_a_defect(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event that meets a defect fails alone, and the log tells where, never its values."""
    world.leave_pending(3)
    spoiled = next(iter(world.store.events))
    event_of = world.admission.event_of

    def defective(stored: Stored) -> Event:
        if stored.id == spoiled:
            raise KeyError("a visitor's name")
        return event_of(stored)

    monkeypatch.setattr(world.admission, "event_of", defective)
    report = world.run()
    assert (2, 1, 1) == (report.published, report.failed, report.pending)
    line = capsys.readouterr().out
    assert (spoiled, "KeyError") == (json.loads(line)["event_id"], json.loads(line)["error"])
    assert "a visitor's name" not in line
