from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from envybox.errors import RequestError
from envybox.event import encode
from envybox.receiver import message
from envybox.receiver.keys import KeyRing
from envybox.receiver.normalize import normalize
from envybox.receiver.request import read_fields
from envybox.settings import load
from tests.receiver.world import ROWS, Row
from tests.samples import KEY, event_of, webhook_of


def become(row: Row) -> Any:
    """Return what becomes of a row's body, its key verified: the event, or why it is refused."""
    try:
        fields, warnings = read_fields(row.body, row.content_type, b"", row.content_encoding)
        verified = KeyRing(load({"ENVYBOX_KEYS": KEY})).admit(fields, warnings)
    except RequestError as error:
        return {"refused": error.code}
    warned = tuple(verified.warnings)
    webhook = msgspec.structs.replace(webhook_of(verified.fields), warnings=warned)
    event = normalize(webhook, "0" * 32, zone=ZoneInfo("Europe/Moscow"), region="RU")
    return json.loads(encode(event))


def at(value: Any, path: str) -> Any:
    """Return the part of an event at a path; `*` is each of a list."""
    name, _, rest = path.partition(".")
    if name == "*":
        return [at(one, rest) for one in value]
    part = value[name]
    return at(part, rest) if rest else part


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.source} {row.path}" for row in ROWS])
def test_the_world(row: Row) -> None:
    """What public reports tell of is read as it was meant."""
    assert row.value == at(become(row), row.path)


def test_sites_of_the_world() -> None:
    """A Cyrillic site is ASCII in what may become a header (cloudevents/spec#1397, #777)."""
    sent = message.of_event(event_of([("site", "пример.рф"), ("visitor_id", "7 %")]))
    assert ("xn--e1afmkfd.xn--p1ai", "//envybox/default/xn--e1afmkfd.xn--p1ai") == (
        sent.attributes["site"],
        sent.attributes["ce-source"],
    )
