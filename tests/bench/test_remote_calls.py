"""How many calls to Google a webhook makes, and when: exact, so it can be a test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from envybox import google
from envybox.ports.store import Mark
from envybox.receiver import marks
from envybox.receiver.admission import Admission
from envybox.receiver.deadline import TOTAL_SECONDS, Deadline
from envybox.receiver.flow import Flow, Outcome
from envybox.receiver.outlet import Outlet
from envybox.settings import Settings
from tests.bench.wire import Wire, wire
from tests.samples import HELP_PAGE, NOON, webhook_of


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The calls that reach a server in the place of both of Google's."""
    with wire() as (record, host):
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
        yield record


def test_alone(calls: Wire, settings: Callable[..., Settings]) -> None:
    """A webhook alone makes three calls: create, publish, mark."""

    async def scenario(flow: Flow) -> None:
        outcome = await _receive(flow, "1")
        assert "published" == outcome.status
        assert await asyncio.to_thread(calls.wait_for, 3, 10)

    _run(settings, scenario)
    assert [("BatchWrite", 1), ("Publish", 1), ("BatchWrite", 1)] == calls.calls


def test_together(calls: Wire, settings: Callable[..., Settings]) -> None:
    """Webhooks that come together share the calls to Firestore."""

    async def scenario(flow: Flow) -> None:
        await _receive(flow, "first")
        assert await asyncio.to_thread(calls.wait_for, 3, 10)
        calls.calls.clear()
        await asyncio.gather(*(_receive(flow, str(number)) for number in range(20)))

    _run(settings, scenario)
    writes = [items for method, items in calls.calls if method == "BatchWrite"]
    messages = [items for method, items in calls.calls if method == "Publish"]
    assert 20 == writes[0]
    assert [1] * 20 == messages


def test_marks_share_calls(
    calls: Wire, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is company a webhook makes two calls: its mark shares one with others."""
    monkeypatch.setattr(marks, "COMPANY_SECONDS", 60.0)

    async def scenario(flow: Flow) -> None:
        calls.held = {"slow"}
        slow = asyncio.create_task(_receive(flow, "slow"))
        assert await asyncio.to_thread(calls.wait_for, 2, 10)
        await _receive(flow, "1")
        await _receive(flow, "2")
        calls.release.set()
        await slow
        assert await asyncio.to_thread(calls.wait_for, 7, 10)

    _run(settings, scenario)
    one = [("BatchWrite", 1), ("Publish", 1)]
    assert [*one, *one, *one, ("BatchWrite", 3)] == calls.calls


def test_mark_leaves_before_the_answer(calls: Wire, settings: Callable[..., Settings]) -> None:
    """When a webhook's outcome is there, its mark is on the wire, though nobody waits for it.

    The loop is held from then on: what it has yet to send stays unsent.
    """
    in_time = []

    async def scenario(flow: Flow) -> None:
        for number in range(1, 4):
            await _receive(flow, str(number))
            in_time.append(calls.wait_for(3 * number, 5))
            await asyncio.gather(*flow._marks._tasks)  # the answer to the mark

    _run(settings, scenario)
    assert [True, True, True] == in_time


@pytest.mark.parametrize("by_timer", [False, True])
def test_a_mark_waits_for_no_other(
    calls: Wire, settings: Callable[..., Settings], by_timer: bool
) -> None:
    """Flushed marks are on the wire though others are not answered, or have just been sent."""
    calls.holds_writes = True
    in_time = []

    async def scenario(flow: Flow) -> None:
        for number in range(10):
            flow._marks.add(Mark(event_id=str(number), message_id="1", at=NOON))
            if by_timer:
                flow._marks._send()
            await flow._marks.flush()
            in_time.append(calls.wait_for(number + 1, 5))
        calls.release.set()

    _run(settings, scenario)
    assert [True] * 10 == in_time


def _run(settings: Callable[..., Settings], scenario: Callable[[Flow], Awaitable[None]]) -> None:
    async def main() -> None:
        made = settings(GOOGLE_CLOUD_PROJECT="test")
        backend = google.open_backend(made)
        try:
            await scenario(Flow(Admission(made, backend.store), Outlet(made, backend)))
        finally:
            await backend.close()

    asyncio.run(main())


async def _receive(flow: Flow, call_id: str) -> Outcome:
    webhook = webhook_of([*HELP_PAGE, ("call_id", call_id)])
    return await flow.receive(webhook, Deadline(TOTAL_SECONDS))
