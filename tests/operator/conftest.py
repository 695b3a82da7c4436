from __future__ import annotations

from pathlib import Path

import pytest

from envybox.tools import emulators
from tests.operator.worlds import World, local_world, next_project


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The embedded backend, empty."""
    return local_world(tmp_path, monkeypatch)


@pytest.fixture
def emulated(hosts: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> World:
    """Google's emulators, in a project that is empty."""
    project = next_project()
    emulators.create_topics(hosts[1], project, "envybox-")
    environ = {
        "ENVYBOX_BACKEND": "google",
        "GOOGLE_CLOUD_PROJECT": project,
        "FIRESTORE_EMULATOR_HOST": hosts[0],
        "PUBSUB_EMULATOR_HOST": hosts[1],
    }
    return World(environ, monkeypatch)


@pytest.fixture(params=["local", pytest.param("emulated", marks=pytest.mark.emulator)])
def world(request: pytest.FixtureRequest) -> World:
    """Each backend in turn."""
    chosen: World = request.getfixturevalue(request.param)
    return chosen
