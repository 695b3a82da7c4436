from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envybox import read_event
from envybox.event import (
    SCHEMA_VERSION,
    Call,
    Delivery,
    Event,
    FieldWarning,
    Ids,
    Manager,
    Page,
    Utm,
    Visitor,
    encode,
)
from envybox.receiver import message
from envybox.testing import push, sample

_EVENT = Event(
    id="0" * 32,
    type="call.info",
    webhooktype=2,
    account="default",
    received_at=datetime(2026, 11, 22, 6, 46, tzinfo=UTC),
    occurred_at=None,
    visitor=Visitor(),
    call=Call(called_at=datetime(2026, 11, 22, 6, 45, 59, 500, tzinfo=UTC)),
    chat=None,
    manager=Manager(),
    managers=[],
    page=Page(),
    utm=Utm(),
    ids=Ids(),
    custom_data={"id": 10**30},
    extra={"a": ""},
    warnings=[FieldWarning("phone", "not a phone number")],
)


def test_every_key_is_there() -> None:
    """Empty fields are null: no key is left out."""
    event = json.loads(encode(_EVENT))

    assert list(Event.__struct_fields__) == list(event)
    for name, class_ in {"visitor": Visitor, "call": Call, "ids": Ids, "utm": Utm}.items():
        assert list(class_.__struct_fields__) == list(event[name])
    assert dict.fromkeys(Page.__struct_fields__) == event["page"]
    assert SCHEMA_VERSION == event["schema_version"]


def test_times() -> None:
    """Times are RFC 3339 in UTC, with `Z`."""
    event = json.loads(encode(_EVENT))

    assert "2026-11-22T06:46:00Z" == event["received_at"]
    assert "2026-11-22T06:45:59.000500Z" == event["call"]["called_at"]


def test_integers_of_any_size() -> None:
    """An integer over 64 bits stays what it is."""
    assert {"id": 10**30} == json.loads(encode(_EVENT))["custom_data"]


def test_frozen() -> None:
    """An event cannot be changed."""
    with pytest.raises(AttributeError):
        _EVENT.id = "x"  # type: ignore[misc]


def test_subject_is_the_receivers() -> None:
    """What an event is about is told as the receiver tells it in the message."""
    for event in (sample("call.info"), sample("chat.online"), sample("lead.quiz"), _EVENT):
        assert event.subject == message.of_event(event).attributes.get("ce-subject")


@pytest.mark.parametrize(
    ("zone", "local"),
    [("", "2026-11-20T10:36:14+03:00"), ("Asia/Yekaterinburg", "2026-11-20T12:36:14+05:00")],
)
def test_at(monkeypatch: pytest.MonkeyPatch, zone: str, local: str) -> None:
    """When it happened is told in Envybox's zone, Moscow's where nothing else is set."""
    monkeypatch.setenv("ENVYBOX_TIMEZONE", zone)
    assert local == sample("call.info").at.isoformat()


def test_at_of_what_has_no_time() -> None:
    """Where it is not said when it happened, when it was received is told."""
    event = sample("call.info", occurred_at=None)
    assert event.received_at == event.at


def test_at_without_zones() -> None:
    """On a system that has no zones the error says what to install."""
    program = (
        "import sys; sys.modules['tzdata'] = None\n"
        "from envybox import EnvyboxError\nfrom envybox.testing import sample\n"
        "try: sample().at\nexcept EnvyboxError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        env={"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ENVYBOX_TIMEZONE: 'Europe/Moscow' cannot be used" in done.stdout
    assert "`pip install tzdata`" in done.stdout


def test_text_for_logs() -> None:
    """As text it is type, id and the number of a call or chat; nothing that a visitor may be."""
    for type_, about in {"call.info": " call/9000001", "lead.quiz": ""}.items():
        event = sample(type_)
        assert f"{type_} {event.id}{about}" == str(event) == f"{event}"
    for id_ in ("Анна", "1\n2", "a@example.com"):
        event = sample("call.info", call={"id": id_})
        assert f"call.info {event.id}" == str(event)


def test_delivery_is_no_field() -> None:
    """How an event came is neither published nor compared."""
    event = sample()
    read = read_event(push(event, replay="may").body)
    assert "may" == read.delivery.attributes["replay"]
    assert (encode(event), event) == (encode(read), read)
    assert Delivery() == event.delivery
