from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from envybox.errors import Rejected, Unavailable
from envybox.ports.store import Backlog, Mark
from envybox.receiver import course, deadline
from envybox.receiver import recovery as recovery_module
from tests.receiver.recovering import CALL_TOPIC, DOWN, LEAD_TOPIC, World, published, spooled


def test_publishes_what_is_pending(world: World) -> None:
    """What is pending for long is published and marked, page after page."""
    world.leave_pending(recovery_module.PAGE * 2 + 1)
    report = world.run()
    assert (recovery_module.PAGE * 2 + 1, 0, 0) == (report.published, report.failed, report.pending)
    assert 0 == report.oldest_pending_seconds
    assert len(set(published(world, CALL_TOPIC))) == recovery_module.PAGE * 2 + 1


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
    assert 3 == len(published(world, LEAD_TOPIC))


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
    assert "published" == world.drain(spooled()[1]).status
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
