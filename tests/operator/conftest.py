from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import google.auth
import msgspec
import pytest
from google.auth.credentials import AnonymousCredentials

from envybox.operator import checks_google, metrics
from envybox.tools import emulators
from tests.gateway import deployment
from tests.gateway.proxy import guarding
from tests.gateway.support import OPERATOR
from tests.operator.monitoring import Monitoring
from tests.operator.support import serving
from tests.operator.worlds import World, local_world, next_project


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


@pytest.fixture
def monitoring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitoring]:
    """A Monitoring without a figure, asked by an operator of a deployed project."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "google")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")
    for name in ("FIRESTORE", "PUBSUB"):
        monkeypatch.delenv(f"{name}_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), None))  # type: ignore[no-untyped-call] # google-auth's
    with serving() as server:
        monkeypatch.setattr(metrics, "URL", server.url.rstrip("/"))
        monkeypatch.setattr(checks_google, "FIRESTORE", server.url.rstrip("/"))
        yield Monitoring(server)
