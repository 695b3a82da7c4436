from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest

from tests.contract.backends import Backend, Emulated, Folder, Local
from tests.contract.receiver import Receiver, serve
from tests.gateway import deployment
from tests.gateway.proxy import guarding

_numbers = itertools.count(1)


@pytest.fixture(
    scope="session",
    params=["local", "folder", pytest.param("emulator", marks=pytest.mark.emulator)],
)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Each backend in turn; Google's emulators behind gateways as strict as Google."""
    if request.param == "local":
        yield Local(tmp_path_factory.mktemp("local") / "envybox.db")
        return
    if request.param == "folder":
        yield Folder(tmp_path_factory.mktemp("folder"))
        return
    with contextlib.ExitStack() as stack:
        firestore, pubsub = request.getfixturevalue("hosts")
        strict = deployment.load(f"demo-contract-{next(_numbers)}")
        gateways = stack.enter_context(guarding(firestore, pubsub, strict))
        emulated = Emulated(firestore, pubsub, strict, gateways.doors)
        yield emulated
        emulated.close()


@pytest.fixture(scope="session")
def receiver(backend: Backend) -> Iterator[Receiver]:
    """A receiver with the default settings and one key, of the account `shop`."""
    with serve(backend) as running:
        yield running
