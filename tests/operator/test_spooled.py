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
from envybox.operator.spooled import Spooled, state
from envybox.ports.publish import Message
from tests.operator.monitoring import Monitoring
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


def test_a_project_s_spool(monitoring: Monitoring) -> None:
    """Of a project it is what Monitoring knows, the time of the oldest worked out from its age."""
    place = Place({})
    assert Spooled(note="no figure of the last quarter of an hour") == state(place)
    monitoring.figures = {("envybox-spool", "num_undelivered_messages"): 0}
    assert Spooled() == state(place)
    monitoring.figures = {
        ("envybox-spool", "num_undelivered_messages"): 12,
        ("envybox-spool", "oldest_unacked_message_age"): 60,
    }
    oldest = datetime(2026, 11, 22, 6, 45, tzinfo=UTC)
    assert Spooled(count=12, oldest=oldest) == state(place)


def test_a_project_s_spool_that_cannot_be_told(monitoring: Monitoring) -> None:
    """A role that is missing is told, and stops nothing: the rest of a page does without it."""
    monitoring.server.status = 403
    assert "roles/monitoring.viewer" in state(Place({})).note


def test_the_emulators_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulators have no metrics, which is told."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:9")
    monkeypatch.setenv("ENVYBOX_BACKEND", "google")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "demo-spool")
    assert "emulators" in state(Place({})).note
