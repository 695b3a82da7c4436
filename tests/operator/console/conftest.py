from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.operator.console.browser import Served, Tab, chromium
from tests.operator.console.support import Client, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A file of events, none yet."""
    return Store(tmp_path)


@pytest.fixture
def client(store: Store) -> Client:
    """A client of the file's console."""
    return store.client()


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """Chromium, one for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def served(store: Store) -> Iterator[Served]:
    """A console that is served."""
    console = Served(store.desk())
    console.start()
    yield console
    console.stop()


@pytest.fixture
def tab(chrome: Any, served: Served) -> Iterator[Tab]:
    """A browser's tab, in English; whatever happens in it is checked at the end."""
    context = chrome.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    opened = Tab(context, served.url)
    yield opened
    opened.check()
    context.close()
