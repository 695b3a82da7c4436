"""The event: what is stored and published, the same on every backend."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envybox.types import TYPES
from tests.contract.receiver import KEY, Receiver
from tests.contract.samples import new_call, new_chat, new_lead
from tests.samples import HELP_PAGE_EVENT

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "event.schema.json").read_text())


def _event(message: dict[str, Any]) -> dict[str, Any]:
    event = json.loads(message["data"], parse_constant=_refuse)
    jsonschema.validate(event, SCHEMA)
    return event


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_help_page(receiver: Receiver) -> None:
    """The help page's example gives the contract's event."""
    webhook = new_call()
    answer = receiver.post(webhook).json()
    event = _event(receiver.message(answer["id"]))
    received_at = datetime.fromisoformat(event["received_at"])
    assert abs((datetime.now(UTC) - received_at).total_seconds()) < 60
    call = HELP_PAGE_EVENT["call"] | {"id": webhook["call_id"]}
    expected = HELP_PAGE_EVENT | {"id": answer["id"], "account": "shop", "call": call}
    expected["received_at"] = event["received_at"]
    assert expected == event


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.type)
def test_types(receiver: Receiver, row: Any) -> None:
    """Each webhooktype has its type and goes to its topic; a new number is `unknown`."""
    number = 99 if row.webhooktype is None else row.webhooktype
    document = receiver.accepted(new_lead(webhooktype=str(number)))
    assert (row.type, number) == (document["type"], document["webhooktype"])
    topic = f"envybox-{row.type.replace('.', '-')}"
    assert topic == document["publish"]["topic"]
    assert number == _event(receiver.message(document["id"]))["webhooktype"]


@pytest.mark.parametrize("webhooktype", ["", "abc", "1e3", "-1", "9" * 40])
def test_unusable_webhooktype(receiver: Receiver, webhooktype: str) -> None:
    """A webhooktype that is no number is of the type `unknown` and has none."""
    document = receiver.accepted(new_lead(webhooktype=webhooktype))
    assert ("unknown", None) == (document["type"], document["webhooktype"])


def test_document_holds_the_event(receiver: Receiver) -> None:
    """The document has the event's fields as published, and what is the store's own."""
    document = receiver.accepted(new_chat(custom_data='{"цвет": ["синий", 1, 1.5, null, true]}'))
    event = _event(receiver.message(document["id"]))
    own = {name: document.pop(name) for name in ("raw", "publish", "normalizer")}
    assert _times(event) == _times(document)
    assert "published" == own["publish"]["state"]
    assert 1 == own["publish"]["attempts"]
    assert {"state", "topic", "message_id", "published_at", "attempts"} == set(own["publish"])
    assert own["publish"]["message_id"]


def _times(value: Any) -> Any:
    """Return a JSON value with its times as times: backends write them differently."""
    if isinstance(value, dict):
        return {name: _times(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_times(below) for below in value]
    if isinstance(value, str) and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value


def test_chat(receiver: Receiver) -> None:
    """A chat has its transcript, parsed, unescaped, in UTC."""
    document = receiver.accepted(new_chat())
    assert [
        {
            "author": "Автоответ",
            "at": datetime(2024, 1, 12, 15, 36, tzinfo=UTC),
            "text": '"Здравствуйте!"',
            "kind": "auto_reply",
        },
        {
            "author": "Иван",
            "at": datetime(2024, 1, 12, 15, 37, tzinfo=UTC),
            "text": "Сколько стоит\n доставка?",
            "kind": "person",
        },
    ] == _times(document["chat"]["transcript"])
    assert datetime(2024, 1, 12, 15, 37, 41, tzinfo=UTC) == _times(document["occurred_at"])
    assert (None, None) == (document["call"], document["chat"]["message"])


def test_raw(receiver: Receiver) -> None:
    """`raw` gives back the fields as received: in order, repeats included, without the key."""
    fields = [*new_lead().items(), ("a[b]", " x "), ("a[b]", ""), ("__z__", "\x00"), ("", "1")]
    answer = receiver.post([*fields, ("key[0]", "not the key"), ("z", f"has {KEY} in it")])
    document = receiver.published(answer.json()["id"])
    hidden = [["z", f"has {'*' * 32} in it"]]
    assert [list(pair) for pair in fields] + hidden == json.loads(document["raw"])


def test_the_key_is_nowhere(receiver: Receiver) -> None:
    """The key is in no document, message or log line, wherever it came beside its field."""
    document = receiver.accepted(
        new_lead(url=f"https://shop.example/?key={KEY}", custom_data=json.dumps({"k": KEY})),
        params={"key": KEY, KEY: "x"},
    )
    assert KEY not in json.dumps(document)
    message = receiver.message(document["id"])
    assert KEY not in message["data"].decode() + json.dumps(message["attributes"])
    assert KEY not in json.dumps(receiver.log())


def test_attributes(receiver: Receiver) -> None:
    """A message has attributes for filters and those of CloudEvents, and an ordering key."""
    webhook = new_call(called_at="2021-03-02 10:36:14")
    document = receiver.accepted(webhook)
    message = receiver.message(document["id"])
    assert {
        "event_id": document["id"],
        "type": "call.result",
        "webhooktype": "1",
        "account": "shop",
        "site": "somedomain.com",
        "call_state": "callback_ordered",
        "schema_version": "1",
        "ce-specversion": "1.0",
        "ce-id": document["id"],
        "ce-type": "io.envybox.call.result.v1",
        "ce-source": "//envybox/shop/somedomain.com",
        "ce-time": "2021-03-02T07:36:14Z",
        "ce-subject": f"call/{webhook['call_id']}",
        "content-type": "application/json",
    } == message["attributes"]
    assert webhook["call_id"] == message["ordering_key"]


def test_bare_message(receiver: Receiver) -> None:
    """A webhook of nothing but a number has no empty attributes and no ordering key."""
    document = receiver.accepted({"webhooktype": "31", "x": new_lead()["visitor_id"]})
    message = receiver.message(document["id"])
    assert "" == message["ordering_key"]
    assert "//envybox/shop" == message["attributes"]["ce-source"]
    assert not {"site", "call_state", "ce-subject"} & set(message["attributes"])
    assert all(message["attributes"].values())


def test_log_line(receiver: Receiver) -> None:
    """Each request has one line, tied to its trace, that tells nothing of the visitor."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    document = receiver.accepted(
        new_call(name="Invented Name", email="who@example.com"),
        headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"},
    )
    (line,) = [line for line in receiver.log() if line.get("event_id") == document["id"]]
    assert ("INFO", "published", 200) == (line["severity"], line["status"], line["http_status"])
    assert ("call.result", "shop") == (line["type"], line["account"])
    assert ("somedomain.com", "callback_ordered") == (line["site"], line["call_state"])
    assert line["logging.googleapis.com/trace"].endswith(trace)
    assert line["duration_ms"] > 0
    for secret in ("79998887766", "Invented", "who@example.com"):
        assert secret not in json.dumps(line)
