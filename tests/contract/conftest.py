from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from envybox.tools import emulators
from tests.contract.receiver import Backend, Emulated, Local, Receiver, serve


@pytest.fixture(
    scope="session",
    params=["local", pytest.param("emulator", marks=pytest.mark.emulator)],
)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Each backend in turn."""
    if request.param == "local":
        yield Local(Path(tmp_path_factory.mktemp("local")) / "envybox.db")
        return
    with contextlib.ExitStack() as stack:
        try:
            firestore = stack.enter_context(emulators.firestore())
            pubsub = stack.enter_context(emulators.pubsub())
        except emulators.MissingComponent as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        emulated = Emulated(firestore, pubsub)
        yield emulated
        emulated.close()


@pytest.fixture(scope="session")
def receiver(backend: Backend) -> Iterator[Receiver]:
    """A receiver with the default settings and one key, of the account `shop`."""
    with serve(backend) as running:
        yield running
