from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from envybox.event import Event
from envybox.local import open_backend
from envybox.ports.store import Record
from envybox.settings import load
from envybox.subscriber import memory
from envybox.testing import sample


def test_local(tmp_path: Path) -> None:
    """With the embedded backend turns are kept in a file beside the receiver's."""
    environ = {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(tmp_path / "envybox.db")}
    event = sample("call.info")
    store(environ, event)
    kept = memory.memory("telegram", environ)
    with kept.once(event) as turn:
        turn.result = kept.stories.of(event).moments[0].event_id
    with memory.memory("telegram", environ).once(event) as turn:
        assert (True, event.id) == (turn.done, turn.result)
    with memory.memory("other", environ).once(event) as turn:
        assert not turn.done


def test_a_name_of_the_deployments(tmp_path: Path) -> None:
    """Two copies of one function, deployed under two names, do not take each other's turns."""
    environ = {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(tmp_path / "envybox.db")}
    event = sample("call.info")
    for name in ("first", "second"):
        with memory.memory("mine", {**environ, "ENVYBOX_SUBSCRIBER": name}).once(event) as turn:
            assert not turn.done


def store(environ: dict[str, str], event: Event) -> None:
    """Store an event as the receiver does."""
    backend = open_backend(load(environ)).store

    async def create() -> None:
        await backend.create(Record(event=event, raw="[]", topic="t"), timeout=10)
        await backend.close()

    asyncio.run(create())


def test_google(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else both are in the receiver's database, the turns in a collection of the subscriber's."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")  # no credentials are looked for
    environ = {"GOOGLE_CLOUD_PROJECT": "demo-project", "ENVYBOX_DATABASE": "leads"}
    kept = memory.memory("telegram", environ)
    document = kept.once._keeper._document("key")  # type: ignore[attr-defined]  # Firestore's
    assert "once-telegram/key" == document.path
    assert "projects/demo-project/databases/leads" == document._client._database_string
