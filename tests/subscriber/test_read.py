from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from cloudevents.http import CloudEvent
from flask import Flask, request
from google.pubsub_v1.types import PubsubMessage, ReceivedMessage
from starlette.requests import Request

from envybox import Event, NewerSchema, NotAnEvent, read_event
from envybox.event import encode
from envybox.local.subscriptions import Subscription
from envybox.ports.publish import Message
from envybox.receiver import message
from envybox.testing import PushRequest, push, sample
from tests.local.support import opened

EVENT = sample("call.info")
PUBLISHED = message.of_event(EVENT)
JSON: dict[str, Any] = json.loads(PUBLISHED.data)
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


class Snapshot:
    """As Firestore's client gives a document."""

    def __init__(self, document: dict[str, Any] | None) -> None:
        self._document = document

    def to_dict(self) -> dict[str, Any] | None:
        return self._document


DOCUMENT = {
    **msgspec.to_builtins(EVENT),
    "received_at": EVENT.received_at,
    "occurred_at": EVENT.occurred_at,
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
    (delivery,) = subscription.due(
        EVENT.received_at.max.replace(tzinfo=EVENT.received_at.tzinfo), 9
    )
    subscription.close()
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    row = db.execute("SELECT * FROM messages").fetchone()
    db.close()

    for source in (delivery, row, delivery.message):
        event = read_event(source)
        assert (EVENT, PUBLISHED.attributes) == (event, event.delivery.attributes)
    assert "1" == read_event(delivery).delivery.message_id == read_event(row).delivery.message_id


def test_newer_minor_version() -> None:
    """Fields that are not known are kept by their path, wherever they are."""
    newer = json.loads(encode(sample("chat.online")))
    newer |= {"lead_score": 7, "managers": [{"name": None, "phone": None, "ext": "12"}]}
    newer["visitor"]["language"] = "ru"
    newer["chat"]["transcript"][1]["stars"] = 5
    event = read_event(newer)

    assert {
        "lead_score": 7,
        "managers.0.ext": "12",
        "visitor.language": "ru",
        "chat.transcript.1.stars": 5,
    } == event.delivery.unknown
    assert sample("chat.online").chat == event.chat


def test_unknown_type_and_state() -> None:
    """A type, a state or a kind of utterance that is not known is kept as it is."""
    call = {**JSON["call"], "state": "voicemail"}
    event = read_event({**JSON, "type": "call.transcribed", "webhooktype": 44, "call": call})

    assert ("call.transcribed", "voicemail") == (event.type, event.call and event.call.state)


@pytest.mark.parametrize("version", [2, 17])
def test_newer_major_version(version: int) -> None:
    """A later major version is refused by name, however little else is known of it."""
    with pytest.raises(NewerSchema, match=f"schema_version {version}; .*pip install --upgrade"):
        read_event(json.dumps({"schema_version": version, "people": []}))


NOTHING: list[tuple[Any, str]] = [
    (None, "^None: "),
    (b"", r"^bytes \(0 long\): no JSON object"),
    (b"{", r"^bytes \(1 long\): no JSON object"),
    ("Привет", "neither a JSON object nor base64"),
    (b"[]", "neither a JSON object nor base64"),
    (b"\xff\xfe", "neither a JSON object nor base64"),
    ({}, "^a dict with no keys: "),
    ({"a": 1, "b-c": 2, "+79990000000": 3}, "^a dict with the keys a, b-c and 1 more: "),
    ({1: 2}, "^a dict with 1 keys: "),
    (17, "^an int: "),
    (object(), "^an object: "),
    ({"message": {"data": "", "messageId": "1"}}, "a message without data"),
    ({"message": {"data": None}}, "a message without data"),
    ({"message": {"data": "e30=", "attributes": "x"}}, "no JSON object|neither a JSON object"),
    ({"spool_version": 1, "fields": []}, "the spool topic"),
    (Snapshot(None), "^a Snapshot: the document does not exist"),
    ({"schema_version": 1}, "required field `id`"),
    ({**JSON, "webhooktype": "2"}, r"Expected `int \| null`, got `str`.*webhooktype"),
    ({**JSON, "id": "x"}, "matching regex.*id"),
    ({**JSON, "schema_version": True}, "schema_version"),
    ({**JSON, "received_at": "2026-11-20T07:37:51"}, "received_at"),
]


@pytest.mark.parametrize(("source", "says"), NOTHING)
def test_what_is_no_event(source: Any, says: str) -> None:
    """What holds no event is told: what was given, what is wrong, and what would be taken."""
    with pytest.raises(NotAnEvent, match=says) as caught:
        read_event(source)
    assert "`read_event` takes a push request" in str(caught.value)


def test_says_nothing_of_a_visitor() -> None:
    """An error is for a log: it has none of the values that were given, nor has its cause."""
    visitor = {**JSON["visitor"], "phone": "8 999 000-00-00", "name": "Анна"}
    with pytest.raises(NotAnEvent) as caught:
        read_event({**JSON, "visitor": visitor})

    assert "999" not in str(caught.value)
    assert (None, True) == (caught.value.__cause__, caught.value.__suppress_context__)


def test_forgotten_await() -> None:
    """A body that was not awaited is told as that."""

    async def body() -> bytes:
        return PUBLISHED.data

    coroutine = body()
    with pytest.raises(NotAnEvent, match="a coroutine: `await` it first"):
        read_event(coroutine)
    coroutine.close()


def test_a_liar() -> None:
    """An object that only looks like one of these is told too, whatever it raises."""

    def to_dict() -> None:
        raise ZeroDivisionError

    with pytest.raises(NotAnEvent, match="a SimpleNamespace: ZeroDivisionError"):
        read_event(SimpleNamespace(to_dict=to_dict))


def test_wrapped_for_ever() -> None:
    """What is in itself is given up, soon."""
    endless: dict[str, Any] = {}
    endless["message"] = endless
    with pytest.raises(NotAnEvent, match="wrapped too often"):
        read_event(endless)


def test_a_message_of_the_ports() -> None:
    """A message that has neither an id nor attributes is read all the same."""
    event = read_event(Message(data=PUBLISHED.data, attributes={}))

    assert (EVENT, None, {}) == (event, event.delivery.message_id, event.delivery.attributes)
