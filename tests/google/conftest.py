from __future__ import annotations

from collections.abc import Iterator

import google.auth
import pytest

from tests.google.default import Default


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> Iterator[Default]:
    """The runtime's credentials."""
    stand_in = Default()
    monkeypatch.setattr(google.auth, "default", stand_in)
    yield stand_in
    stand_in.gate.set()
