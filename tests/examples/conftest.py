from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A receiver's store, empty."""
    world = World(tmp_path, monkeypatch)
    yield world
    world.close()
