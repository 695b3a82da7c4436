from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Rejected, Unavailable
from envybox.ports.store import Mark, Record
from envybox.receiver import deadline, flow, marks
from envybox.receiver.deadline import Deadline
from envybox.receiver.flow import Flow, Outcome
from envybox.settings import Settings
from tests.receiver.flowing import (
    CALL,
    CALL_TOPIC,
    DOWN,
    LEAD,
    LEAD_TOPIC,
    SPOOL,
    World,
    later,
    settle,
)
from tests.samples import HELP_PAGE, NOON, webhook_of


def test_published(world: World) -> None:
    """A webhook is stored, then published, then marked."""
    (outcome,) = world.run(CALL)
    assert isinstance(outcome, Outcome)
    assert "published" == outcome.status
    assert ["create", "mark"] == world.store.calls
    (message,) = world.publisher.messages[CALL_TOPIC]
    assert outcome.id == json.loads(message.data)["id"] == world.store.marks[0].event_id
    assert "1" == world.store.marks[0].message_id


def test_the_mark_is_sent_before_the_answer(world: World) -> None:
    """When the answer is given, the mark has been handed to the store."""

    async def run() -> list[str]:
        await world.receive(CALL)
        return list(world.store.calls)

    assert ["create", "mark"] == asyncio.run(run())


def test_marks_wait_for_the_last_webhook_under_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark waits for company, but for no longer than until the last webhook is answered."""
    monkeypatch.setattr(marks, "COMPANY_SECONDS", 60.0)
    gate = world.publisher.gates[LEAD_TOPIC] = asyncio.Event()

    async def run() -> list[list[str]]:
        calls = []
        lead = asyncio.create_task(world.receive(LEAD))
        await settle()
        for call_id in "12":
            await world.receive(webhook_of([*HELP_PAGE, ("call_id", call_id)]))
            await settle()
            calls.append(list(world.store.calls))
            world.store.calls.clear()
        gate.set()
        await lead
        return [*calls, list(world.store.calls)]

    assert [["create", "create"], ["create"], ["mark"] * 3] == asyncio.run(run())


def test_marks_leave_with_whichever_is_last(world: World) -> None:
    """The last webhook under way sends the others' marks, whatever becomes of itself."""
    world.publisher.gates[CALL_TOPIC] = asyncio.Event()

    async def run() -> list[str]:
        last = asyncio.create_task(world.receive(CALL))
        await settle()
        await world.receive(LEAD)
        world.store.calls.clear()
        last.cancel()
        with pytest.raises(asyncio.CancelledError):
            await last
        return list(world.store.calls)

    assert ["mark"] == asyncio.run(run())


def test_stored(world: World) -> None:
    """What cannot be published now is stored, its attempt counted, and the cause told."""
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    (outcome,) = world.run(CALL)
    assert isinstance(outcome, Outcome)
    assert ("stored", "UNAVAILABLE") == (outcome.status, outcome.cause)
    assert [None] == [mark.message_id for mark in world.store.marks]


@pytest.mark.parametrize("error", [Unavailable("UNAVAILABLE"), Rejected("INVALID_ARGUMENT")])
def test_spooled(world: World, error: Unavailable | Rejected) -> None:
    """What the store does not take goes to the spool, whole, under the same id."""
    world.store.faults["create"] = [error]
    (outcome,) = world.run(CALL)
    assert isinstance(outcome, Outcome)
    assert "spooled" == outcome.status
    (message,) = world.publisher.messages[SPOOL]
    spooled = json.loads(message.data)
    assert {"spool_version": 1, "account": "default"}.items() <= spooled.items()
    assert [list(pair) for pair in CALL.fields] == spooled["fields"]
    (again,) = world.run(CALL)
    assert isinstance(again, Outcome)
    assert outcome.id == again.id


def test_a_defect_of_the_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store fails at for a reason nobody foresaw is kept by the spool."""

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.store, "create", broken)
    (outcome,) = world.run(CALL)
    assert isinstance(outcome, Outcome)
    assert ("spooled", "ZeroDivisionError") == (outcome.status, outcome.cause)


def test_neither(world: World) -> None:
    """What neither took is refused, once there is no time for another round."""
    world.seconds = 0.1
    world.store.faults["create"] = DOWN[:1]
    world.publisher.faults[SPOOL] = DOWN[:1]
    assert ["Unavailable", "published"] == world.statuses(CALL, CALL)


@pytest.mark.parametrize(
    ("store", "spool_", "status"),
    [(1, 1, "published"), (3, 2, "spooled"), (4, 9, "stored")],
)
def test_another_round(world: World, store: int, spool_: int, status: str) -> None:
    """What fails quickly in both places is tried again in both, while there is time."""
    world.store.faults["create"] = DOWN[:store]
    world.publisher.faults[SPOOL] = DOWN[:spool_]
    assert [status] == world.statuses(CALL)


def test_rounds_are_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds come at growing distances and end in time: an outage is no reason for haste."""
    slept: list[float] = []
    clock = deadline.time.monotonic
    monkeypatch.setattr(deadline.time, "monotonic", lambda: clock() + sum(slept))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(flow.asyncio, "sleep", sleep)
    world.store.faults["create"] = list(DOWN)
    world.publisher.faults[SPOOL] = list(DOWN)
    with pytest.raises(Unavailable):
        asyncio.run(world.receive(CALL))
    pauses = [seconds for seconds in slept if seconds]
    assert sorted(pauses) == pauses
    assert 3 <= len(pauses) <= 8
    assert 1 < sum(pauses) < deadline.TOTAL_SECONDS


@pytest.mark.parametrize("published", [False, True])
def test_the_own_first_try(world: World, monkeypatch: pytest.MonkeyPatch, published: bool) -> None:
    """A try to store that took effect, though it failed, makes the next one no duplicate."""
    create = world.store.create
    answers = iter([Unavailable("UNAVAILABLE")])

    async def done_but_lost(record: Record, *, timeout: float) -> bool:
        is_new = await create(record, timeout=timeout)
        for error in answers:
            if published:  # by `recover`, meanwhile
                mark = Mark(event_id=record.event.id, message_id="1", at=NOON)
                await world.store.mark(mark, timeout=timeout)
            raise error
        return is_new

    monkeypatch.setattr(world.store, "create", done_but_lost)
    world.publisher.faults[SPOOL] = DOWN[:1]
    assert ["published", "duplicate"] == world.statuses(CALL, later(CALL, seconds=1))
    assert (0 if published else 1) == len(world.publisher.messages.get(CALL_TOPIC, []))
    assert 1 == len(world.store.events)


@pytest.mark.parametrize(
    "error", [InvalidCall("INVALID_ARGUMENT"), CallRefused("PERMISSION_DENIED")]
)
def test_a_store_that_refuses_all(world: World, error: Unavailable) -> None:
    """A store that refuses every webhook is passed by like one that is down: all are spooled."""
    world.store.faults["create"] = [error] * 100
    leads = [webhook_of([*LEAD.fields, ("n", str(number))]) for number in range(5)]
    assert ["spooled"] * 5 == world.statuses(*leads)
    assert 3 == world.store.calls.count("create")


@pytest.mark.parametrize("error", [InvalidCall("INVALID_ARGUMENT"), NotFound("NOT_FOUND")])
def test_topics_that_refuse_all(world: World, error: Unavailable) -> None:
    """While every publish is refused each webhook is stored, tried, and answered at once."""
    world.publisher.faults[CALL_TOPIC] = [error] * 100
    calls = [webhook_of([*HELP_PAGE, ("n", str(number))]) for number in range(5)]
    assert ["stored"] * 5 == world.statuses(*calls)
    assert 5 == world.publisher.calls
    assert {isinstance(error, InvalidCall)} == {mark.rejected for mark in world.store.marks}


def test_one_place(settings: Callable[..., Settings]) -> None:
    """Where store and publisher are one, what it does not take is refused at its first word."""
    world = World(settings())
    world.flow = Flow(world.flow._admission, world.flow._outlet, has_spool=False)
    world.store.faults["create"] = DOWN[:1]
    assert ["Unavailable", "published"] == world.statuses(CALL, CALL)
    assert SPOOL not in world.publisher.messages


def test_breaker(world: World) -> None:
    """A store that keeps failing is passed by, and asked again when the spool fails too."""
    world.store.faults["create"] = list(DOWN)
    assert ["spooled"] * 5 == world.statuses(*[LEAD] * 5)
    assert 3 == world.store.calls.count("create")
    world.store.faults.clear()
    world.publisher.faults[SPOOL] = DOWN[:1]
    assert ["published"] == world.statuses(LEAD)


def test_publish_breaker(world: World) -> None:
    """A publisher that keeps failing is passed by: what comes is stored at once."""
    world.publisher.faults[CALL_TOPIC] = list(DOWN)
    calls = [webhook_of([*HELP_PAGE, ("n", str(number))]) for number in range(5)]
    assert ["stored"] * 5 == world.statuses(*calls)
    assert 3 == world.publisher.calls


def test_a_lost_mark_costs_nothing_now(world: World) -> None:
    """A mark that fails leaves the event pending, and the answer as it is."""
    world.store.faults["mark"] = [Unavailable("ABORTED")]
    assert ["published"] == world.statuses(CALL)
    assert [False] == [event.published for event in world.store.events.values()]


def test_retention(settings: Callable[..., Settings]) -> None:
    """With a retention a published event expires so many days after it was received."""
    world = World(settings(ENVYBOX_RETENTION_DAYS="30"))
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    world.run(CALL, CALL)
    failed, published = world.store.marks
    assert (None, NOON + timedelta(days=30)) == (failed.expire_at, published.expire_at)


def test_retention_past_all_times(settings: Callable[..., Settings]) -> None:
    """An event of the far future is published all the same, and does not expire."""
    world = World(settings(ENVYBOX_RETENTION_DAYS="30"))
    far = datetime.max.replace(tzinfo=UTC)
    assert ["published"] == world.statuses(webhook_of(CALL.fields, received_at=far))
    assert [None] == [mark.expire_at for mark in world.store.marks]


def test_a_store_that_hangs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call has a limit, and all of them together are within the budget."""
    limits: list[float] = []

    async def hang(*_: object, timeout: float) -> None:
        limits.append(timeout)
        monkeypatch.setattr(deadline.time, "monotonic", lambda: clock() + sum(limits))
        raise Unavailable("DEADLINE_EXCEEDED")

    clock = deadline.time.monotonic
    monkeypatch.setattr(world.store, "create", hang)
    monkeypatch.setattr(world.publisher, "publish", hang)
    assert ["Unavailable"] == world.statuses(CALL)
    assert sum(limits) <= deadline.TOTAL_SECONDS < 3


def test_deadline() -> None:
    """A deadline leaves what is left, and never nothing: a call needs a limit."""
    assert 0.5 == Deadline(10).within(0.5)
    assert Deadline(0.1).within(0.5) <= 0.1
    assert 0 < Deadline(-1).within(0.5) < 0.01
