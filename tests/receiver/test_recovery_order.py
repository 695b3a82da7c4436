from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from envybox.errors import InvalidCall
from envybox.ports.publish import Message
from envybox.ports.store import Stored
from envybox.receiver import course, spool
from envybox.receiver import recovery as recovery_module
from tests.receiver.recovering import CALL_TOPIC, DOWN, LEAD_TOPIC, World, published, spooled
from tests.samples import HELP_PAGE, webhook_of

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
    assert 3 == len(published(world, LEAD_TOPIC))
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
    world.drain(spooled(age=7200)[1])
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
    assert ([old.id], 1) == (published(world, CALL_TOPIC), report.pending)
