from __future__ import annotations

from pathlib import Path

import pytest

from tests.operator.console.support import Client, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A file of events, none yet."""
    return Store(tmp_path)


@pytest.fixture
def client(store: Store) -> Client:
    """A client of the file's console."""
    return store.client()
