"""Connections that die without a word, both at once; documents that are contended."""

from __future__ import annotations

import asyncio
import time

import pytest

from envybox.google.channel import IDLE_SECONDS, Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.google.pubsub import PubSubPublisher
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from tests.faults.promise import LONGEST_SECONDS, webhook
from tests.faults.world import World
from tests.samples import NOON

pytestmark = pytest.mark.emulator


def test_waking_after_hours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After hours both connections are dead without a word: the first calls make new ones."""

    async def scenario() -> None:
        google = Google(world.project)
        second = Channel(google, "", world.topics.hosts["webhook"])
        first = Channel(google, "", world.store.hosts["webhook"], second)
        store = FirestoreStore(first, world.deployment.database_id, "events")
        publisher = PubSubPublisher(second)

        async def use() -> float:
            started = time.perf_counter()
            await store.mark(Mark(event_id="none", message_id="1", at=NOON), timeout=5)
            message = Message(data=b"{}", attributes={"origin": "a test"})
            await publisher.publish("envybox-unknown", message, timeout=5)
            return time.perf_counter() - started

        await use()
        for wire in (world.store.wire, world.topics.wire):
            wire.silence()
        now = time.monotonic
        monkeypatch.setattr("envybox.google.channel.time.monotonic", lambda: now() + IDLE_SECONDS)
        assert await use() < LONGEST_SECONDS
        await store.close()
        await publisher.close()

    asyncio.run(scenario())


def test_a_document_that_is_contended(world: World) -> None:
    """A write that ends with ABORTED is spooled; those that share its call are not troubled."""
    world.settle([])
    contended, others = webhook(), [webhook() for _ in range(11)]
    world.store.gate.contended.add(contended.event_id)
    world.senders(12).run([contended, *others])
    assert "spooled" == contended.answers[0].body["status"]
    assert {"published"} == {one.answers[0].body["status"] for one in others}
    world.settle([contended, *others])
