from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from envybox import NewerSchema, NotAnEvent, read_event
from envybox.event import encode
from envybox.ports.publish import Message
from envybox.testing import sample
from tests.subscriber.shapes import EVENT, JSON, PUBLISHED, Snapshot


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
    with pytest.raises(NewerSchema, match=f"schema_version {version}; .*install a newer one"):
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
    ({**JSON, "custom_data": object()}, "TypeError"),
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
