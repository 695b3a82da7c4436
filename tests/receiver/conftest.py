from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from envybox.receiver.app import App
from envybox.settings import Settings
from tests.receiver import flowing, recovering
from tests.receiver.client import Client


@pytest.fixture
def make(settings: Callable[..., Settings], tmp_path: Path) -> Callable[..., Client]:
    """Makes a client of an app on the embedded backend."""

    def make(**environ: str) -> Client:
        path = str(tmp_path / "envybox.db")
        local = {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": path}
        return Client(App(settings(**local, **environ)))

    return make


@pytest.fixture
def world(
    request: pytest.FixtureRequest, settings: Callable[..., Settings]
) -> flowing.World | recovering.World:
    """A world with the default settings, of the kind that the test's module is about."""
    kind: type[flowing.World | recovering.World] = request.module.World
    return kind(settings())
