from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from cloudevents.http import CloudEvent
from flask import Flask, request
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.pubsub_v1.types import PubsubMessage, ReceivedMessage
from starlette.requests import Request

from envybox import Event, NotAnEvent, read_event
from envybox.event import encode
from envybox.local.subscriptions import Subscription
from envybox.testing import PushRequest, push, sample
from tests.local.support import opened
from tests.subscriber.shapes import EVENT, JSON, PUBLISHED, Snapshot

TYPES = [
    "call.started",
    "call.info",
    "call.result",
    "chat.manager",
    "chat.offline",
    "chat.online",
    "lead.generator",
    "lead.quiz",
    "lead.video",
]


def _pushed() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(push(EVENT, attempt=3).body)
    return body


def _pulled() -> PubsubMessage:
    return PubsubMessage(
        data=PUBLISHED.data, attributes=PUBLISHED.attributes, message_id="7", ordering_key="9000001"
    )


class Row:
    """As BigQuery's client gives a row: no mapping, but with keys, items and attributes."""

    def __init__(self, **columns: object) -> None:
        self._columns = columns

    def keys(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> object:
        return self._columns[name]

    def __getattr__(self, name: str) -> object:
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            raise AttributeError(name) from None


def _time_of_firestore(at: datetime | None) -> datetime | None:
    return at and DatetimeWithNanoseconds.combine(at.date(), at.timetz())


DOCUMENT = {
    **msgspec.to_builtins(EVENT),
    "received_at": _time_of_firestore(EVENT.received_at),
    "occurred_at": _time_of_firestore(EVENT.occurred_at),
    "raw": "[]",
    "publish": {"state": "published"},
    "expire_at": EVENT.received_at,
}
MESSAGES: dict[str, Callable[[], Any]] = {
    "a push, read": _pushed,
    "a push's message": lambda: _pushed()["message"],
    "a push's body": lambda: push(EVENT).body,
    "a push's body as text": push(EVENT).body.decode,
    "a CloudEvent of a push": lambda: CloudEvent(
        {"type": "google.cloud.pubsub.topic.v1.messagePublished", "source": "//pubsub"}, _pushed()
    ),
    "a CloudEvent's JSON": lambda: {"specversion": "1.0", "id": "1", "data": _pushed()},
    "a received message": lambda: ReceivedMessage(ack_id="a", message=_pulled()),
    "a pulled message": _pulled,
    "a message of the streaming client": lambda: SimpleNamespace(
        data=PUBLISHED.data, attributes=PUBLISHED.attributes, message_id="7", delivery_attempt=None
    ),
    "a row of BigQuery": lambda: Row(
        data=PUBLISHED.data.decode(),
        subscription_name="projects/1/subscriptions/bigquery",
        message_id="7",
        publish_time=EVENT.received_at,
        attributes=PUBLISHED.attributes,
    ),
    "a row of BigQuery whose JSON is text": lambda: {
        "data": PUBLISHED.data.decode(),
        "message_id": "7",
        "attributes": json.dumps(PUBLISHED.attributes),
    },
    "a line of Avro in Cloud Storage": lambda: {
        "data": PUBLISHED.data,
        "message_id": "7",
        "attributes": PUBLISHED.attributes,
    },
}
"""What brings the message's attributes and id along."""
BARE: dict[str, Callable[[], Any]] = {
    "JSON": lambda: PUBLISHED.data,
    "JSON in a bytearray": lambda: bytearray(PUBLISHED.data),
    "JSON in a memoryview": lambda: memoryview(PUBLISHED.data),
    "a line of Cloud Storage": lambda: PUBLISHED.data.decode() + "\n",
    "JSON, read": lambda: JSON,
    "a row of BigQuery's view": lambda: Row(id=EVENT.id, data=PUBLISHED.data.decode()),
    "a document": lambda: DOCUMENT,
    "a snapshot": lambda: Snapshot(DOCUMENT),
    "a CloudEvent in JSON, of bytes": lambda: {
        "specversion": "1.0",
        "data_base64": _pushed()["message"]["data"],
    },
    "a row of the embedded backend": lambda: {"event": PUBLISHED.data.decode()},
    "its document": lambda: {"document": PUBLISHED.data.decode()},
    "Django's request": lambda: SimpleNamespace(body=PUBLISHED.data, headers={}),
}
"""What is the event and nothing more."""


@pytest.mark.parametrize("shape", MESSAGES)
def test_messages(shape: str) -> None:
    """Whatever brings a message gives its event, its attributes and its id."""
    event = read_event(MESSAGES[shape]())

    assert EVENT == event
    assert PUBLISHED.attributes == event.delivery.attributes
    assert event.delivery.message_id in {"1", "7"}


@pytest.mark.parametrize("shape", BARE)
def test_bare_events(shape: str) -> None:
    """The event alone suffices; how it came is not known then."""
    event = read_event(BARE[shape]())

    assert EVENT == event
    assert (None, None, {}) == (event.delivery.message_id, event.replay, event.delivery.unknown)


@pytest.mark.parametrize("type_", TYPES)
def test_types(type_: str) -> None:
    """An event of each type comes back as it was published, to the byte."""
    event = read_event(push(sample(type_)).body)

    assert sample(type_) == event
    assert encode(sample(type_)) == encode(event)


@pytest.mark.parametrize("wrap", [True, False])
def test_flask(wrap: bool) -> None:
    """Flask's request is read itself, with its headers where there is no wrapper."""
    sent = push(EVENT, wrap=wrap, replay="may", again=True)
    with Flask("test").test_request_context(method="POST", data=sent.body, headers=sent.headers):
        event = read_event(request)

    assert EVENT == event
    assert ("may", True, "1") == (event.replay, event.replay_again, event.delivery.message_id)


@pytest.mark.parametrize("wrap", [True, False])
def test_starlette(wrap: bool) -> None:
    """Starlette's request gives its body when that was awaited; before, the error says so."""
    sent = push(EVENT, wrap=wrap, replay="may", again=True)

    async def read() -> Event:
        got = _starlette(sent)
        return read_event(await got.body(), got.headers)

    event = asyncio.run(read())
    assert (EVENT, "may", True) == (event, event.replay, event.replay_again)
    with pytest.raises(NotAnEvent, match=r"a Request: .*await request.body\(\), request.headers"):
        read_event(_starlette(sent))


def _starlette(sent: PushRequest) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent.body}

    headers = [(name.encode(), value.encode()) for name, value in sent.headers.items()]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_headers_that_are_no_attributes() -> None:
    """Of an unwrapped push's headers the attributes are taken, and nothing of the request's."""
    sent = push(EVENT, wrap=False)
    headers = {**sent.headers, "Authorization": "Bearer x", "CE-Time": "now", "Cookie": "a=b"}
    headers["x-goog-pubsub-delivery-attempt"] = "4"
    delivery = read_event(sent.body, headers).delivery

    expected = {**PUBLISHED.attributes, "ce-time": "now"}
    del expected["content-type"]
    assert expected == delivery.attributes
    assert ("1", 4) == (delivery.message_id, delivery.attempt)


def test_unwrapped_as_cloud_event() -> None:
    """An unwrapped push is a CloudEvent by its attributes, its data the event, read or not."""
    named = {name[3:]: text for name, text in PUBLISHED.attributes.items() if name[:3] == "ce-"}
    for data in (JSON, PUBLISHED.data):
        event = read_event(CloudEvent(named, data))
        assert (EVENT, f"call/{EVENT.call and EVENT.call.id}") == (
            event,
            event.delivery.attributes["ce-subject"],
        )


def test_attempt() -> None:
    """Which delivery it is, where Pub/Sub tells; its 0 says that it does not."""
    assert 3 == read_event(_pushed()).delivery.attempt
    received = {"ack_id": "a", "message": _pulled()}
    assert 2 == read_event(ReceivedMessage(**received, delivery_attempt=2)).delivery.attempt
    assert read_event(ReceivedMessage(**received)).delivery.attempt is None
    streamed = SimpleNamespace(data=PUBLISHED.data, attributes={}, delivery_attempt=5)
    assert 5 == read_event(streamed).delivery.attempt


def test_embedded_backend(tmp_path: Path) -> None:
    """What the embedded backend delivers, and the rows of its file, are read."""
    path = tmp_path / "envybox.db"

    async def publish() -> None:
        async with opened(path) as backend:
            await backend.publish("topic", PUBLISHED, timeout=10)

    subscription = Subscription(str(path), "test", "topic")
    asyncio.run(publish())
    subscription.advance()
    (delivery,) = subscription.due(datetime.max.replace(tzinfo=UTC), 9)
    subscription.close()
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    row = db.execute("SELECT * FROM messages").fetchone()
    db.close()

    for source in (delivery, row, delivery.message):
        event = read_event(source)
        assert (EVENT, PUBLISHED.attributes) == (event, event.delivery.attributes)
    assert "1" == read_event(delivery).delivery.message_id == read_event(row).delivery.message_id
