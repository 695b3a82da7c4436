from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from envybox.event import (
    SCHEMA_VERSION,
    Call,
    Event,
    FieldWarning,
    Ids,
    Manager,
    Page,
    Utm,
    Visitor,
    encode,
)

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
