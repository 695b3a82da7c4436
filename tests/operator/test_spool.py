from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from envybox.errors import Unavailable
from envybox.local import open_backend
from envybox.local.subscriptions import Subscription
from envybox.operator.place import Place
from envybox.operator.spool import Spooled, state
from envybox.ports.publish import Message
from tests.operator.worlds import World


def _spool(world: World, *texts: str) -> None:
    async def work() -> None:
        backend = open_backend(world.settings)
        for text in texts:
            message = Message(data=text.encode(), attributes={})
            await backend.publisher.publish("envybox-spool", message, timeout=5)
        await backend.close()

    asyncio.run(work())


def test_the_file_s_spool(local: World) -> None:
    """Webhooks wait from when they are spooled until they are taken and done."""
    assert Spooled() == state(Place({}))
    path = local.settings.local_path
    with contextlib.closing(Subscription(path, "spool-recover", "envybox-spool")) as taker:
        _spool(local, "one", "two")
        told = state(Place({}))
        assert told.oldest
        assert datetime.now(UTC) - told.oldest < timedelta(minutes=1)
        assert (2, "") == (told.count, told.note)
        taker.advance()
        assert told == state(Place({}))
        for delivery in taker.due(datetime.now(UTC), 1):
            taker.acknowledge(delivery.sequence)
        left = state(Place({}))
        assert left.oldest
        assert (1, True) == (left.count, left.oldest >= told.oldest)


def test_a_file_that_is_none(local: World) -> None:
    """A file that cannot be read is told, and none is made where there is none."""
    path = Path(local.settings.local_path)
    state(Place({}))
    assert not path.exists()
    path.write_text("no database, but text that is long enough to be read as none" * 20)
    with pytest.raises(Unavailable, match="database"):
        state(Place({}))


def test_a_project_s_spool_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be counted, it is told who watches it."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "google")
    assert state(Place({"GOOGLE_CLOUD_PROJECT": "my-project-123"})).note
