"""A deployment's own fault, met by every message: an outage of an hour, and not one dead letter.

Connections that end while nobody looks are here too: one try for each backend is not all that
the time limits allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec
import pytest

from envybox.google.channel import routing
from envybox.google.firestore import FirestoreStore
from tests.faults.gate import Wire
from tests.faults.hour import Clock, Deployment, Revision
from tests.faults.promise import Figures, broken, figures, webhook
from tests.faults.world import World

pytestmark = pytest.mark.emulator

Tell = Callable[[str, str, Figures], None]
Fault = Callable[[World], AbstractContextManager[dict[str, str]]]
"""A fault while it lasts; what it gives are settings of the functions."""

MINUTES = 60
MORE_MINUTES = 15
"""After the mending: the spool's longest back-off, and some."""


@pytest.fixture
def empty_world(hosts: tuple[str, str]) -> Iterator[World]:
    """A world whose functions are not started: the test serves them itself."""
    world = World(*hosts)
    yield world
    world.close()


@contextmanager
def wrong_database(_world: World) -> Iterator[dict[str, str]]:
    """Name another database."""
    yield {"ENVYBOX_DATABASE": "envybox-us"}


@contextmanager
def wrong_header(world: World) -> Iterator[dict[str, str]]:
    """Send the header of the generated clients, alone."""
    real, stores = FirestoreStore._begin, []

    async def begin(store: FirestoreStore, timeout: float) -> float:
        left = await real(store, timeout)
        store._headers = routing(database=world.deployment.database)
        stores.append(store)
        return left

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FirestoreStore, "_begin", begin)
        yield {}
    for store in stores:
        store._headers = ()


def no_grant(*accounts: str, part: str, of: str = "") -> Fault:
    """Take grants on databases or topics away: those whose names end so."""

    @contextmanager
    def strike(world: World) -> Iterator[dict[str, str]]:
        less = dict(world.deployment.accounts)
        for account in accounts:
            kept = frozenset(name for name in getattr(less[account], part) if not name.endswith(of))
            less[account] = msgspec.structs.replace(less[account], **{part: kept})
        with deployed(world, accounts=less):
            yield {}

    return strike


@contextmanager
def no_index(world: World) -> Iterator[dict[str, str]]:
    """Take the indexes away, and a grant, so that something is pending that needs one."""
    accounts = {
        **world.deployment.accounts,
        "webhook": msgspec.structs.replace(
            world.deployment.accounts["webhook"], topics=frozenset()
        ),
    }
    with deployed(world, indexes=(), accounts=accounts):
        yield {}


@contextmanager
def no_topic(world: World) -> Iterator[dict[str, str]]:
    """Delete a topic."""
    world.delete_topic("call-result")
    yield {}
    world.create_topic("call-result")


@contextmanager
def deployed(world: World, **changes: Any) -> Iterator[None]:
    """Let both gateways stand for another deployment."""
    gates = (world.store.gate, world.topics.gate)
    for gate in gates:
        gate.deployment = msgspec.structs.replace(world.deployment, **changes)
    yield
    for gate in gates:
        gate.deployment = world.deployment


NEITHER = ("webhook", "recover")
FAULTS: dict[tuple[str, str], Fault] = {
    ("Firestore", "a wrong database name"): wrong_database,
    ("Firestore", "a wrong header"): wrong_header,
    ("Firestore", "no grant on the database for either"): no_grant(*NEITHER, part="databases"),
    ("both", "no indexes, and no grant on topics for webhook"): no_index,
    ("Pub/Sub", "no grant on a topic for either"): no_grant(*NEITHER, part="topics", of="-result"),
    ("Pub/Sub", "no topic"): no_topic,
}


@pytest.mark.parametrize("fault", FAULTS, ids=": ".join)
def test_an_hour_of_it(empty_world: World, tell: Tell, fault: tuple[str, str]) -> None:
    """Each webhook is taken, and stored once and published once when the fault is mended."""
    world = empty_world
    clock = Clock()
    deployment = Deployment(world, clock)

    async def scenario() -> None:
        with pytest.MonkeyPatch.context() as patch:
            clock.install(patch)
            with FAULTS[fault](world) as environ:
                faulty = Revision(world, environ)
                for _ in range(MINUTES):
                    await deployment.minute(faulty)
            mended = Revision(world, {})
            for _ in range(MORE_MINUTES):
                await deployment.minute(mended, sends=False)

    asyncio.run(scenario())
    assert MINUTES == sum(one.acknowledged for one in deployment.sent)
    assert {} == world.pull("spool-dead")
    seen = world.look()
    assert ([], {}) == (broken(deployment.sent, seen), deployment.spool)
    result = figures(deployment.sent, seen)
    assert (MINUTES, MINUTES, 0) == (result.stored, result.published, result.repeated)
    backend, name = fault
    tell(backend, f"{name}, for an hour", result)


ENDS: dict[str, Callable[[Wire], None]] = {"closed": Wire.end, "reset": Wire.reset}


@pytest.mark.parametrize("name", ENDS)
def test_connections_that_end_while_it_sleeps(world: World, name: str) -> None:
    """Both connections are gone when a webhook wakes the function: it is taken at once."""
    for _ in range(3):
        sent = webhook()
        with ThreadPoolExecutor(1) as pool:
            with world.webhook.asleep(0.3):
                ENDS[name](world.store.wire)
                ENDS[name](world.topics.wire)
                answering = pool.submit(world.post, sent)
            answer = answering.result()
        assert 200 == answer.status
        world.settle([sent])


@pytest.mark.parametrize("name", ENDS)
def test_connections_that_end_between_two_webhooks(world: World, name: str) -> None:
    """So it is where the function is awake."""
    sent = [webhook() for _ in range(5)]
    for one in sent:
        ENDS[name](world.store.wire)
        ENDS[name](world.topics.wire)
        assert 200 == world.post(one).status
    world.settle(sent)
