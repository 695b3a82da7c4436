"""What the fault suite shares: one world for what leaves it whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.promise import Figures
from tests.faults.world import World


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
