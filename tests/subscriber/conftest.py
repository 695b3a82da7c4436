from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from envybox import FirestoreKeeper, MemoryKeeper, SQLiteKeeper
from envybox.subscriber.keepers import Keeper


@pytest.fixture(scope="session")
def firestore(hosts: tuple[str, str]) -> Iterator[Any]:
    """The official client of a Firestore emulator."""
    with mock.patch.dict(os.environ, FIRESTORE_EMULATOR_HOST=hosts[0]):
        from google.cloud.firestore import Client

        client = Client(project="demo-subscriber")
    yield client
    client.close()


KEEPERS = ["memory", "sqlite", pytest.param("firestore", marks=pytest.mark.emulator)]


@pytest.fixture(params=KEEPERS)
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Keeper:
    """Each keeper in turn, empty."""
    makers: dict[str, Callable[[], Keeper]] = {
        "memory": MemoryKeeper,
        "sqlite": lambda: SQLiteKeeper(tmp_path / "once.db"),
        "firestore": lambda: FirestoreKeeper(
            request.getfixturevalue("firestore"), collection=f"once-{tmp_path.name}"
        ),
    }
    return makers[request.param]()
