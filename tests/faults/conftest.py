"""What the fault suite shares: one pair of emulators, one world for what leaves it whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from envybox.tools import emulators
from tests.faults.promise import Figures
from tests.faults.world import World


@pytest.fixture(scope="session")
def hosts() -> Iterator[tuple[str, str]]:
    """Return the hosts of a Firestore and of a Pub/Sub emulator."""
    try:
        with emulators.firestore() as firestore, emulators.pubsub() as pubsub:
            yield firestore, pubsub
    except emulators.MissingComponent as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared_world(hosts: tuple[str, str]) -> Iterator[World]:
    """Return a world whose functions run."""
    world = World(*hosts)
    world.start()
    yield world
    world.close()


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """Return the world, its backends trusted, and heal it afterwards."""
    shared_world.calm()
    yield shared_world
    shared_world.heal()


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str, str, Figures], None]:
    """Return what records the figures of a fault, for the report."""

    def record(backend: str, fault: str, figures: Figures) -> None:
        record_property("figures", {"backend": backend, "fault": fault, **figures.as_property()})

    return record
