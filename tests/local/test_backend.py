from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from envybox.errors import Rejected
from envybox.event import NORMALIZER_VERSION, encode
from envybox.local import backend as statements
from envybox.local import subscriptions
from envybox.local.database import connect
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark, Stored
from tests.local.support import NOW, opened, query, record

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def test_created_once(path: Path) -> None:
    """An id is stored once: the first document stays, as what was received with it."""

    async def scenario() -> None:
        async with opened(path) as backend:
            assert True is await backend.create(record(A, raw='[["a","1"]]'), timeout=5)
            assert False is await backend.create(record(A, raw='[["a","2"]]'), timeout=5)
            assert Stored(
                id=A,
                account="shop",
                received_at=NOW,
                raw='[["a","1"]]',
                published=False,
                attempts=0,
            ) == await backend.get(A, timeout=5)
            assert None is await backend.get(B, timeout=5)

    asyncio.run(scenario())


def test_document(path: Path) -> None:
    """The document is the published JSON, and what is the store's own beside it."""
    raw = '[["name","\\ud800 \\"Анна\\""]]'
    new = record(A, raw=raw, expire_at=NOW + timedelta(days=1))

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(new, timeout=5)
            await backend.mark(Mark(event_id=A, message_id="17", at=NOW), timeout=5)

    asyncio.run(scenario())
    expected = json.loads(encode(new.event)) | {
        "raw": raw,
        "publish": {
            "state": "published",
            "topic": "envybox-call-result",
            "message_id": "17",
            "published_at": "2026-11-22T06:46:00.000000Z",
            "attempts": 1,
        },
        "expire_at": "2026-11-23T06:46:00.000000Z",
        "normalizer": NORMALIZER_VERSION,
    }
    [(document,)] = query(path, "SELECT document FROM events")
    assert expected == json.loads(document)


def test_no_expiry(path: Path) -> None:
    """Without a retention the document has no `expire_at`, and its publishing is pending."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record(A), timeout=5)

    asyncio.run(scenario())
    [(text,)] = query(path, "SELECT document FROM events")
    document = json.loads(text)
    assert "expire_at" not in document
    assert {
        "state": "pending",
        "topic": "envybox-call-result",
        "message_id": None,
        "published_at": None,
        "attempts": 0,
    } == document["publish"]


def test_marks(path: Path) -> None:
    """Each attempt counts; a failed one neither publishes an event nor takes it back."""

    async def scenario() -> None:
        async with opened(path) as backend:
            await backend.create(record(A), timeout=5)
            states = []
            for message_id in (None, "17", None):
                mark = Mark(event_id=A, message_id=message_id, at=NOW)
                await backend.mark(mark, timeout=5)
                stored = await backend.get(A, timeout=5)
                assert stored is not None
                states.append((stored.published, stored.attempts))
            assert [(False, 1), (True, 2), (True, 3)] == states
            await backend.mark(Mark(event_id=B, message_id="18", at=NOW), timeout=5)
            assert None is await backend.get(B, timeout=5)

    asyncio.run(scenario())


def test_pending_in_order(path: Path) -> None:
    """Pending events come oldest first, then by id, page after page, up to a time."""
    order = [(B, 0.0), (C, 0.0), (A, 0.000001), ("d" * 32, 1.0)]

    async def scenario() -> None:
        async with opened(path) as backend:
            for event_id, seconds in reversed(order):
                await backend.create(record(event_id, seconds=seconds), timeout=5)
            await backend.create(record("e" * 32), timeout=5)
            await backend.mark(Mark(event_id="e" * 32, message_id="1", at=NOW), timeout=5)
            before = NOW + timedelta(seconds=1)
            first = await backend.pending(before=before, after=None, limit=2, timeout=5)
            rest = await backend.pending(before=before, after=first[-1], limit=2, timeout=5)
            assert [B, C, A] == [stored.id for stored in first + rest]
            assert Backlog(pending=4, oldest=NOW) == await backend.backlog(timeout=5)

    asyncio.run(scenario())


def test_no_backlog(path: Path) -> None:
    """Where nothing is pending there is no oldest."""

    async def scenario() -> None:
        async with opened(path) as backend:
            assert Backlog(pending=0, oldest=None) == await backend.backlog(timeout=5)

    asyncio.run(scenario())


def test_published(path: Path) -> None:
    """A message is appended to the log, whole, under an id that grows."""
    message = Message(data=b"\x00{}", attributes={"type": "тип"}, ordering_key="6002540")

    async def scenario() -> list[str]:
        async with opened(path) as backend:
            return [await backend.publish("topic", message, timeout=5) for _ in range(2)]

    first, second = asyncio.run(scenario())
    assert int(first) < int(second)
    assert [
        (first, "topic", b"\x00{}", '{"type":"тип"}', "6002540"),
        (second, "topic", b"\x00{}", '{"type":"тип"}', "6002540"),
    ] == query(path, "SELECT message_id, topic, data, attributes, ordering_key FROM messages")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message(data=b"", attributes={}), id="empty"),
        pytest.param(Message(data=bytes(10_000_001), attributes={}), id="over 10 MB"),
        pytest.param(Message(data=b"x", attributes={"a": "\ud800"}), id="attribute"),
        pytest.param(Message(data=b"x", attributes={}, ordering_key="\ud800"), id="ordering key"),
    ],
)
def test_message_refused(path: Path, message: Message) -> None:
    """What Pub/Sub refuses for good is refused here too."""

    async def scenario() -> None:
        async with opened(path) as backend:
            with pytest.raises(Rejected):
                await backend.publish("topic", message, timeout=5)

    asyncio.run(scenario())


def test_event_refused(path: Path) -> None:
    """Text that UTF-8 cannot hold is refused for good, as Firestore does."""

    async def scenario() -> None:
        async with opened(path) as backend:
            with pytest.raises(Rejected):
                await backend.create(record(A, raw="\ud800"), timeout=5)
            with pytest.raises(Rejected):
                await backend.create(record("\ud800"), timeout=5)

    asyncio.run(scenario())


_STATEMENTS = {
    name: getattr(module, name)
    for module, names in (
        (statements, ("_GET", "_PUBLISHED", "_FAILED", "_PENDING", "_BACKLOG")),
        (subscriptions, ("_NEW", "_DUE", "_DELIVER")),
    )
    for name in names
}


@pytest.mark.parametrize("name", _STATEMENTS)
def test_cost_does_not_grow(path: Path, name: str) -> None:
    """Each statement finds its rows by an index, in the index's order.

    The one scan is of the index of what is pending.
    """
    statement = _STATEMENTS[name]
    db = connect(str(path))
    plan = db.execute("EXPLAIN QUERY PLAN " + statement, ("",) * statement.count("?"))
    steps = [row[3] for row in plan]
    db.close()
    assert all(
        step.startswith("SEARCH") or step == "SCAN events USING COVERING INDEX events_pending"
        for step in steps
    ), steps
