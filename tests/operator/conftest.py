from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from envybox.tools import emulators
from tests.gateway import deployment
from tests.gateway.proxy import guarding
from tests.gateway.support import OPERATOR
from tests.operator.worlds import World, local_world, next_project


@pytest.fixture(scope="session")
def hosts() -> Iterator[tuple[str, str]]:
    """The emulators: Firestore's host and Pub/Sub's."""
    with contextlib.ExitStack() as stack:
        try:
            firestore = stack.enter_context(emulators.firestore())
            pubsub = stack.enter_context(emulators.pubsub())
        except emulators.MissingComponent as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        yield firestore, pubsub


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The embedded backend, empty."""
    return local_world(tmp_path, monkeypatch)


@pytest.fixture
def emulated(hosts: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Google's emulators behind gateways as strict as Google, in a project that is empty.

    The commands have an operator's roles, and the indexes that Terraform makes.
    """
    project = next_project()
    emulators.create_topics(hosts[1], project, "envybox-")
    strict = msgspec.structs.replace(deployment.load(project), accounts={"operator": OPERATOR})
    with guarding(*hosts, strict) as gateways:
        environ = {
            "ENVYBOX_BACKEND": "google",
            "GOOGLE_CLOUD_PROJECT": project,
            "ENVYBOX_DATABASE": strict.database_id,
            **gateways.doors["operator"],
        }
        yield World(environ, monkeypatch, hosts[0])


@pytest.fixture(params=["local", pytest.param("emulated", marks=pytest.mark.emulator)])
def world(request: pytest.FixtureRequest) -> World:
    """Each backend in turn."""
    chosen: World = request.getfixturevalue(request.param)
    return chosen
