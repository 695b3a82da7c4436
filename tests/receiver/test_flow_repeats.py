from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from envybox.errors import Unavailable
from envybox.ports.store import Mark
from envybox.receiver.flow import Outcome
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
from tests.samples import webhook_of


def test_duplicate_of_what_is_pending(world: World) -> None:
    """A repeat of what is still pending publishes it now, as it was received first."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    assert ["stored", "duplicate"] == world.statuses(CALL, later(CALL, days=3))
    (message,) = world.publisher.messages[CALL_TOPIC]
    assert "2026-11-22T12:00:00.123456Z" == json.loads(message.data)["received_at"]


def test_duplicate_that_cannot_be_published_either(world: World) -> None:
    """A repeat of what is still pending is a duplicate, published or not."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:2]
    assert ["stored", "duplicate"] == world.statuses(CALL, CALL)
    assert CALL_TOPIC not in world.publisher.messages


def test_parallel_repeats_share_the_outcome(world: World) -> None:
    """Repeats that come together wait for the first, and nothing is done twice."""

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(world.receive(CALL) for _ in range(30)))

    outcomes = asyncio.run(run())
    assert 29 == [outcome.status for outcome in outcomes].count("duplicate")
    assert 1 == len({outcome.id for outcome in outcomes})
    assert (1, 1) == (world.store.calls.count("create"), world.publisher.calls)


def test_what_is_under_way_is_no_repeat_once_the_window_is_over(world: World) -> None:
    """A form that comes again after the window is a second event, though the first has no mark."""

    async def run() -> list[Outcome]:
        world.store.gate = asyncio.Event()
        first = asyncio.create_task(world.receive(LEAD))
        second = asyncio.create_task(world.receive(later(LEAD, minutes=61)))
        await asyncio.sleep(0)
        world.store.gate.set()
        return [await first, await second]

    first, second = asyncio.run(run())
    assert ["published", "published"] == [first.status, second.status]
    assert first.id != second.id


def test_a_repeat_before_the_mark(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat that comes when the first was answered and not yet marked publishes nothing."""
    marked = world.store.mark
    arrived = asyncio.Event()

    async def late(mark: Mark, *, timeout: float) -> None:
        await arrived.wait()
        await marked(mark, timeout=timeout)

    async def run() -> list[str]:
        first = await world.receive(CALL)
        again = await world.receive(CALL)
        arrived.set()
        await settle()
        return [first.status, again.status]

    monkeypatch.setattr(world.store, "mark", late)
    assert ["published", "duplicate"] == asyncio.run(run())
    assert (1, 1) == (world.publisher.calls, len(world.store.marks))


def test_parallel_repeats_share_the_failure(world: World) -> None:
    """Repeats of what nobody took are not taken either."""
    world.seconds = 0.1
    world.store.faults["create"] = list(DOWN)
    world.publisher.faults[SPOOL] = list(DOWN)

    async def run() -> list[Any]:
        calls = (world.receive(CALL) for _ in range(3))
        return await asyncio.gather(*calls, return_exceptions=True)

    assert [Unavailable] * 3 == [type(outcome) for outcome in asyncio.run(run())]


def test_a_defect_does_not_hang_repeats(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something unforeseen ends the first, its repeats end too, and later ones work."""

    async def broken(*_: object) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def run() -> list[Any]:
        calls = (world.receive(CALL) for _ in range(2))
        return await asyncio.gather(*calls, return_exceptions=True)

    with monkeypatch.context() as patch:
        patch.setattr(world.flow, "_deliver", broken)
        assert [ZeroDivisionError, Unavailable] == [type(end) for end in asyncio.run(run())]
    assert ["published"] == world.statuses(CALL)


def test_different_webhooks_in_parallel(world: World) -> None:
    """Different webhooks do not wait for each other."""

    async def run() -> list[Outcome]:
        outcomes = await asyncio.gather(world.receive(CALL), world.receive(LEAD))
        await settle()
        return outcomes

    assert ["published"] * 2 == [outcome.status for outcome in asyncio.run(run())]
    assert 2 == len(world.store.marks)


def test_a_repeat_in_a_second_round(world: World) -> None:
    """A webhook that was there before is a duplicate in whatever round it is found."""
    world.run(CALL)
    world.store.faults["create"] = DOWN[:1]
    world.publisher.faults[SPOOL] = DOWN[:1]
    assert ["duplicate"] == world.statuses(later(CALL, seconds=1))


@pytest.mark.parametrize(
    ("delays", "events"),
    [
        pytest.param([0, 59], 1, id="within the window"),
        pytest.param([0, 60], 1, id="at its end"),
        pytest.param([0, 61], 2, id="past it"),
        pytest.param([0, 61, 62, 120], 2, id="the second has a window too"),
        pytest.param([0, 61, 121], 2, id="which ends an hour after it"),
        pytest.param([0, 61, 122], 3, id="and then there is a third"),
        pytest.param([0, -59], 1, id="a clock behind"),
        pytest.param([0, -61], 2, id="a clock far behind"),
        pytest.param([0, 200, 150], 2, id="drained late, near the second"),
        pytest.param([0, 200, 100], 3, id="drained late, between the two"),
    ],
)
def test_windows(world: World, delays: list[int], events: int) -> None:
    """A lead is one event for an hour, counted from the event that it repeats."""
    world.run(*(later(LEAD, minutes=delay) for delay in delays))
    assert events == len(world.store.events)
    assert events == len(world.publisher.messages[LEAD_TOPIC])


@pytest.mark.parametrize("name", ["call_id", "chat_id"])
def test_for_ever(world: World, name: str) -> None:
    """With a call's or a chat's id a repeat is never a new event."""
    webhook = webhook_of([("webhooktype", "12"), (name, "1")])
    assert ["published", "duplicate"] == world.statuses(webhook, later(webhook, days=3650))


def test_deleted_in_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is deleted while its repeat is looked at costs nothing: it is spooled."""

    async def gone(*_: object, **__: object) -> None:
        return None

    world.run(CALL)
    monkeypatch.setattr(world.store, "get", gone)
    assert ["spooled"] == world.statuses(CALL)
