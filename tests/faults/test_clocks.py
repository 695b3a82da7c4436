"""The window of identity under clocks that jump, differ, and bring things late.

The webhooks are admitted to the real Firestore emulator with times of receipt of any kind:
an instance's clock is nothing but that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from envybox import settings
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.receiver.admission import Admission, Admitted
from envybox.receiver.deadline import Deadline
from envybox.webhook import Webhook
from tests.faults.promise import webhook

pytestmark = pytest.mark.emulator

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)  # where a window begins: they are cut from 1970 on

Admit = Callable[[Webhook], Awaitable[Admitted]]


@pytest.fixture
def run(hosts: tuple[str, str]) -> Callable[[Callable[[Admit], Awaitable[None]]], None]:
    """Return what runs a test's coroutine with an `admit` of its own store."""

    def run(test: Callable[[Admit], Awaitable[None]]) -> None:
        async def main() -> None:
            channel = Channel(Google("demo-clocks"), "", hosts[0])
            store = FirestoreStore(channel, "(default)", "события")
            admission = Admission(settings.load({}), store)

            async def admit(one: Webhook) -> Admitted:
                return await admission.admit(admission.arrival(one), Deadline(10))

            await test(admit)
            await store.close()

        asyncio.run(main())

    return run


def form(*, call: bool = False) -> Callable[[datetime], Webhook]:
    """Return what makes one and the same webhook at any time."""
    fields = [pair for pair in webhook("1" if call else "12").fields.items() if pair[0] != "key"]
    return lambda at: Webhook(account="default", received_at=at, fields=fields)


# What an event is called here: how often the same form has come so far that it was new.
SEQUENCES: dict[str, list[tuple[timedelta, int]]] = {
    "again at once": [(0 * HOUR, 1), (0 * HOUR, 1)],
    "within the hour, to the second": [(0 * HOUR, 1), (HOUR, 1)],
    "after the hour": [(0 * HOUR, 1), (HOUR + SECOND, 2)],
    "every half hour, from the first one on": [
        (0 * HOUR, 1),
        (30 * MINUTE, 1),
        (60 * MINUTE, 1),
        (90 * MINUTE, 2),
        (120 * MINUTE, 2),
    ],
    "the second one's repeat over its window's end": [
        (0 * HOUR, 1),
        (6 * HOUR - SECOND, 2),
        (6 * HOUR + SECOND, 2),
        (6 * HOUR + 59 * MINUTE, 2),
    ],
    "the clock jumps back a little": [(0 * HOUR, 1), (-30 * MINUTE, 1), (0 * HOUR, 1)],
    "the clock jumps back a day, and forth": [
        (0 * HOUR, 1),
        (-24 * HOUR, 2),
        (-24 * HOUR + 5 * MINUTE, 2),
        (5 * MINUTE, 1),
    ],
    "back over a window's end": [
        (0 * HOUR, 1),
        (6 * HOUR + SECOND, 2),
        (6 * HOUR - SECOND, 2),
        (6 * HOUR + SECOND, 2),
    ],
    "spooled early, stored late, after its retry": [
        (5 * MINUTE, 1),
        (0 * HOUR, 1),
        (65 * MINUTE, 1),
    ],
    "spooled early, stored after a new one of hours later": [
        (5 * HOUR, 1),
        (0 * HOUR, 2),
        (1 * MINUTE, 2),
        (5 * HOUR + 1 * MINUTE, 1),
    ],
    "the clock stands at 1970, then is set": [
        (datetime(1970, 1, 1, tzinfo=UTC) - NOON, 1),
        (0 * HOUR, 2),
        (MINUTE, 2),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_what_is_one_event_when_clocks_jump(
    run: Callable[[Callable[[Admit], Awaitable[None]]], None], name: str
) -> None:
    """The same form is one event within the hour of a stored one, whichever way time goes."""

    async def test(admit: Admit) -> None:
        at = form()
        ids: list[str] = []
        for offset, expected in SEQUENCES[name]:
            admitted = await admit(at(NOON + offset))
            if admitted.is_new:
                ids.append(admitted.id)
            assert (offset, expected) == (offset, ids.index(admitted.id) + 1)

    run(test)


def test_a_call_is_one_event_whatever_the_clock_says(
    run: Callable[[Callable[[Admit], Awaitable[None]]], None],
) -> None:
    """With a call's id there is no window: a year later or earlier it is the same event."""

    async def test(admit: Admit) -> None:
        at = form(call=True)
        first = await admit(at(NOON))
        for offset in (-8760 * HOUR, -HOUR, HOUR, 8760 * HOUR):
            again = await admit(at(NOON + offset))
            assert first.id == again.id
            assert not again.is_new

    run(test)


def test_instances_whose_clocks_differ_store_one_event(
    run: Callable[[Callable[[Admit], Awaitable[None]]], None],
) -> None:
    """Thirty instances take the same form at once, their clocks up to a minute apart: one."""

    async def test(admit: Admit) -> None:
        at = form()
        clocks = [NOON + timedelta(seconds=2 * i - 30) for i in range(30)]
        admitted = await asyncio.gather(*(admit(at(clock)) for clock in clocks))
        assert 1 == sum(one.is_new for one in admitted)
        assert 1 == len({one.id for one in admitted})

    run(test)
