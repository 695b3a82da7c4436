"""What the security tests share: the functions on the embedded backend, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.receiver import Receiver


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """Return a running receiver with a file of its own."""
    directory: Path = tmp_path_factory.mktemp("receiver")
    receiver = Receiver(directory / "envybox.db")
    receiver.function.restart()
    yield receiver
    receiver.function.kill()
