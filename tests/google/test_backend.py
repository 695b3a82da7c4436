from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from envybox.errors import SettingsError
from envybox.google import open_backend
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from envybox.settings import Settings
from tests.google.server import Api, serving
from tests.official import BatchWriteRequest, BatchWriteResponse, PublishResponse
from tests.samples import NOON

MakeSettings = Callable[..., Settings]


def test_emulators(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store and publisher go to their own emulators, with the project, database, collection."""

    async def scenario() -> None:
        names = []

        async def write(request: bytes, _context: Any) -> Any:
            names.append(BatchWriteRequest.FromString(request).writes[0].update.name)
            response = BatchWriteResponse()
            response.status.add()
            return response

        async def publish(_request: bytes, _context: Any) -> Any:
            return PublishResponse(message_ids=["42"])

        async with (
            serving(Api(BatchWrite=write)) as firestore,
            serving(Api(Publish=publish)) as pubsub,
        ):
            monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore)
            monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
            store, publisher, is_one = open_backend(
                settings(
                    GOOGLE_CLOUD_PROJECT="example",
                    ENVYBOX_DATABASE="envybox-eu",
                    ENVYBOX_COLLECTION="leads",
                )
            )
            await store.mark(Mark(event_id="f", message_id=None, at=NOON), timeout=20)
            message = Message(data=b"x", attributes={})
            assert await publisher.publish("a", message, timeout=20) == "42"
            assert not is_one, "there is a second place to be safe in"
            await store.close()
            await publisher.close()
        assert ["projects/example/databases/envybox-eu/documents/leads/f"] == names

    asyncio.run(scenario())


def test_emulators_without_project(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulators' project has to be named: there is no runtime that knows one."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:2")
    with pytest.raises(SettingsError, match=r"^GOOGLE_CLOUD_PROJECT: "):
        open_backend(settings())


def test_nothing_is_asked(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening the backend asks nobody for anything, not even for a loop to run in."""
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("google.auth.default", None)
    backend = open_backend(settings())

    asyncio.run(backend.close())
