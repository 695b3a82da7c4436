from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.google import document
from envybox.receiver.request import MAX_BODY, read_fields
from envybox.webhook import Fields, decode_raw, encode_raw
from tests.google.documents import NAME, built, check_rules, fields_of, record_of, with_extra
from tests.official import BatchWriteRequest
from tests.samples import HELP_PAGE, event_of

FIRESTORES_LIMIT = 1_048_576


def test_extra_long_name() -> None:
    """A warning holds no more of a long name than tells which it was."""
    fits = "f" * 1494  # with `extra.` before it
    fields = with_extra({"n" * 1495: "x", fits: "b"})
    assert {fits: "b"} == fields["extra"]
    reason = "no name for Firestore, left to raw"
    assert [{"field": "n" * 100, "reason": reason}] == fields["warnings"]


# Size


def rest_of(head: bytes) -> int:
    """Return how many bytes a body has left."""
    return MAX_BODY - len(head)


def noise(count: int) -> bytes:
    """Return bytes that are not UTF-8, that no compressor makes small."""
    chance = random.Random(1)  # noqa: S311 - no secret
    return bytes(chance.choices(b"\x82\x84\x85\x86\x87\x89\x8b\x93\x94\x97\xb9", k=count))


def many(name: bytes, value: bytes) -> bytes:
    """Return a body of a thousand fields."""
    return b"&".join(name % number + b"=" + value for number in range(1000))


BODIES = {
    "place": b"place=" + b"\x84" * rest_of(b"place="),
    "place with a region": b"place=" + b"\x84" * 130_000 + b"," + b"\x84" * 130_000,
    "message": b"message=" + noise(rest_of(b"message=")),
    "control characters": b"name=" + b"\x01" * rest_of(b"name="),
    "chat_text": b"chat_text=" + b"[\x84, 12.01.2024 \xe2 18:36]\n \x84" * 9000,
    "custom_data": b"custom_data=[" + b'"\x84",' * 60_000 + b'"\x84"]',
    "managers_phones": b"managers_phones=[" + b'{"manager_name":"\x84"},' * 11_000 + b"{}]",
    "names": many(b"\x84" * 200 + b"%d", b"\x84" * 50),
    "reserved names": many(b"__\x84" * 50 + b"%d__", b"\x84" * 100),
    "warnings": b"&".join(
        b"%d" % number + b"\x97" * 96 + b"[" * 21 + b"=" + b"\xd0\x96" * 3 + b"\xd0"
        for number in range(1000, 1998)
    ),
    "repeats": b"&".join([b"a=" + b"\x84" * 250] * 1000),
    "noise everywhere": b"&".join(
        name.encode() + b"=" + noise(7000) for name, _ in HELP_PAGE if name != "key"
    ),
}


@pytest.mark.parametrize("title", BODIES)
@pytest.mark.parametrize("build", [document.build, document.build_bare])
def test_size(title: str, build: Any) -> None:
    """Whatever a body of the largest size becomes, Firestore can hold it, and raw is whole."""
    body = BODIES[title]
    assert len(body) <= MAX_BODY
    fields, warnings = read_fields(body, "")
    event = event_of(fields)
    event = msgspec.structs.replace(event, warnings=[*warnings, *event.warnings])
    event = msgspec.structs.replace(
        event, warnings=[FieldWarning(w.field[:100], w.reason) for w in event.warnings]
    )
    made = build(record_of(fields, event), NAME)
    assert made.ByteSize() <= FIRESTORES_LIMIT
    for value in made.fields.values():
        check_rules(value)
        assert value.ByteSize() <= FIRESTORES_LIMIT - 89
    assert fields == decode_raw(document.read_raw(made.fields["raw"].string_value))
    kept = fields_of(made)
    assert (event.id, event.type) == (kept["id"], kept["type"])
    assert {"state": "pending", "attempts": 0}.items() <= kept["publish"].items()


def test_lightened() -> None:
    """What makes it too long is left to raw, with a warning; the rest stays."""
    kept = built([*HELP_PAGE, ("new_field", "x" * 600_000), ("chat_text", "x")])
    assert ({}, [], 1, 1) == (
        kept["extra"],
        kept["custom_data"],
        len(kept["managers"]),
        len(kept["chat"]["transcript"]),
    )
    assert [{"field": "extra", "reason": "too long, left to raw"}] == kept["warnings"][-1:]
    assert kept["visitor"]["place"] == "Краснодар, Краснодарский край"


def test_long_raw() -> None:
    """A raw that is too long beside the rest is compressed, and comes back whole."""
    fields: Fields = [("message", "x" * 600_000)]
    made = document.build(record_of(fields), NAME)
    raw = made.fields["raw"].string_value
    assert len(raw) < 10_000
    assert encode_raw(fields) == document.read_raw(raw)
    assert "x" * 600_000 == fields_of(made)["chat"]["message"]


@given(st.lists(st.tuples(st.text(), st.text(st.characters()))))
def test_read_raw(fields: Fields) -> None:
    """A raw that was not compressed is what it is."""
    assert fields == decode_raw(document.read_raw(encode_raw(fields))) or any(
        "\ud800" <= letter <= "\udfff" for _, value in fields for letter in value
    )


def test_cut_text() -> None:
    """Text that is too long even so is left to raw, each with a warning; short text stays."""
    kept = built([*HELP_PAGE, ("place", "„" * 260_000)])
    assert (None, None, "62.183.126.159") == (
        kept["visitor"]["place"],
        kept["visitor"]["city"],
        kept["visitor"]["ip"],
    )
    assert {"field": "visitor.place", "reason": "too long, left to raw"} in kept["warnings"]


def test_bare() -> None:
    """The bare document has what every event has, without what might be refused."""
    fields: Fields = [*HELP_PAGE, ("chat_text", "x"), ("a", "b"), ("custom_data", "[1]")]
    kept = fields_of(document.build_bare(record_of(fields), NAME))
    assert (None, {}, [], []) == (
        kept["custom_data"],
        kept["extra"],
        kept["managers"],
        kept["chat"]["transcript"],
    )
    assert {"custom_data", "extra", "managers_phones", "chat_text"} == {
        warning["field"]
        for warning in kept["warnings"]
        if warning["reason"] == "refused by Firestore, left to raw"
    }
    assert encode_raw(fields) == kept["raw"]
    assert kept["call"]["state"] == "callback_ordered"


def test_bare_without_chat() -> None:
    """A bare document of an event that has no chat has none either."""
    kept = fields_of(document.build_bare(record_of([("a", "b")]), NAME))
    assert kept["chat"] is None
    assert ["extra"] == [warning["field"] for warning in kept["warnings"]]


def test_control() -> None:
    """The control is of an event's kind, in whatever the deployment gives; it holds no webhook."""
    control = BatchWriteRequest().writes.add()
    document.fill_control(control, NAME)
    kept = fields_of(control.update)
    assert set(fields_of(document.build_bare(record_of(HELP_PAGE), NAME))) == set(kept)
    assert control.current_document.exists, "nothing is written where there is no such document"
    assert control.update.ByteSize() < 2000
