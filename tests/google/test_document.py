from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.event import NORMALIZER_VERSION, Event, FieldWarning
from envybox.google import document, values
from envybox.google.messages import BatchWriteRequest
from envybox.ports.store import Record
from envybox.receiver.request import MAX_BODY, read_fields
from envybox.webhook import Fields, decode_raw, encode_raw
from tests.samples import HELP_PAGE, NOON, SAMPLES, event_of

NAME = "projects/example/databases/(default)/documents/events/f"
FIRESTORES_LIMIT = 1_048_576


def record_of(fields: Fields, event: Event | None = None, **changes: Any) -> Record:
    """Return the record of a webhook with these fields."""
    event = event_of(fields) if event is None else event
    record = Record(event=event, raw=encode_raw(fields), topic="envybox-call-result")
    return msgspec.structs.replace(record, **changes)


def plain(value: Any) -> Any:
    """Return a protobuf value as Python's."""
    kind = value.WhichOneof("value_type")
    if kind == "null_value":
        return None
    if kind == "array_value":
        return [plain(element) for element in value.array_value.values]
    if kind == "map_value":
        return {name: plain(element) for name, element in value.map_value.fields.items()}
    if kind == "timestamp_value":
        moment = value.timestamp_value
        assert moment.nanos % 1000 == 0
        return datetime.fromtimestamp(0, UTC) + timedelta(
            seconds=moment.seconds, microseconds=moment.nanos // 1000
        )
    return getattr(value, kind)


def fields_of(made: Any) -> dict[str, Any]:
    """Return a document's fields as Python's values."""
    return {name: plain(value) for name, value in made.fields.items()}


def built(fields: Fields, **changes: Any) -> dict[str, Any]:
    """Return the fields of the document of a webhook with these fields."""
    return fields_of(document.build(record_of(fields, **changes), NAME))


def with_custom_data(data: Any) -> dict[str, Any]:
    """Return the fields of a document whose custom data is this."""
    event = msgspec.structs.replace(event_of([]), custom_data=data)
    return fields_of(document.build(record_of([], event), NAME))


def with_extra(extra: dict[str, str]) -> dict[str, Any]:
    """Return the fields of a document whose extra fields are these."""
    event = msgspec.structs.replace(event_of([]), extra=extra)
    return fields_of(document.build(record_of([], event), NAME))


def check_rules(value: Any, depth: int = 1) -> None:
    """Fail where Firestore would refuse a value."""
    kind = value.WhichOneof("value_type")
    assert kind is not None
    assert depth <= 20
    for element in value.array_value.values:
        assert element.WhichOneof("value_type") != "array_value"
        check_rules(element, depth + 1)
    for name, element in value.map_value.fields.items():
        assert 1 <= len(name.encode()) <= 1500
        assert not (name.startswith("__") and name.endswith("__") and len(name) >= 4)
        check_rules(element, depth + 1)


@pytest.mark.parametrize("title", SAMPLES)
def test_samples(title: str) -> None:
    """A document has the event's fields, times as timestamps, what is the store's own, no more."""
    fields = SAMPLES[title]
    event = event_of(fields)
    assert {
        **msgspec.to_builtins(event, builtin_types=[datetime]),
        "raw": json.dumps(fields, ensure_ascii=False, separators=(",", ":")),
        "publish": {
            "state": "pending",
            "topic": "envybox-call-result",
            "message_id": None,
            "published_at": None,
            "attempts": 0,
        },
        "normalizer": NORMALIZER_VERSION,
    } == built(fields)


def test_name() -> None:
    """The document has the name that it is given."""
    assert document.build(record_of(HELP_PAGE), NAME).name == NAME


def test_expire_at() -> None:
    """Where a retention is set its end is a timestamp, and else there is no such field."""
    assert NOON == built(HELP_PAGE, expire_at=NOON)["expire_at"]
    assert "expire_at" not in built(HELP_PAGE)


def test_built_in_place() -> None:
    """A document that is part of a request is made there; what was in it is gone."""
    request = BatchWriteRequest()
    part = request.writes.add().update
    part.fields["leftover"].string_value = "x"
    document.build(record_of(SAMPLES["a call starts"], expire_at=NOON), "other", part)
    assert part is document.build(record_of(HELP_PAGE), NAME, part)
    assert document.build(record_of(HELP_PAGE), NAME) == request.writes[0].update


def test_documents_are_their_own() -> None:
    """What one document holds is in no other, made after it."""
    expected = built([])
    built(HELP_PAGE, expire_at=NOON)
    assert expected == built([])


# Custom data


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["", "__x__", "____", "a.b"]), below)
    ),
    max_leaves=12,
)


@given(JSON)
@example([])
@example({})
@example("[]")
@example(True)
@example(0.0)
def test_custom_data(data: Any) -> None:
    """Custom data is held as it is, or as JSON text with a warning, always within the rules."""
    event = msgspec.structs.replace(event_of([]), custom_data=data)
    made = document.build(record_of([], event), NAME)
    for value in made.fields.values():
        check_rules(value)
    kept, warnings = fields_of(made)["custom_data"], fields_of(made)["warnings"]
    if warnings:
        reason = "not for Firestore, kept as JSON text"
        assert [{"field": "custom_data", "reason": reason}] == warnings
        kept = json.loads(kept)
    assert data == kept
    assert type(data) is type(kept)


def nested(levels: int, *, lists: bool) -> Any:
    """Return data that is so many levels deep."""
    data: Any = "x"
    for level in range(levels):
        data = [data] if lists and level % 2 else {"a": data}
    return data


@pytest.mark.parametrize("lists", [False, True])
def test_depth(lists: bool) -> None:
    """Data of the documented depth is held as it is; deeper data is JSON text."""
    holdable = nested(values.MAX_DEPTH, lists=lists)
    assert holdable == with_custom_data(holdable)["custom_data"]
    deeper = nested(values.MAX_DEPTH + 1, lists=lists)
    assert deeper == json.loads(with_custom_data(deeper)["custom_data"])


def test_many_values() -> None:
    """Data of very many values is JSON text, for what it would take to fill them in."""
    half = values.MAX_VALUES // 2 - 1
    holdable = {"a": [0] * half, "b": dict.fromkeys(map(str, range(half - 1)))}
    assert holdable == with_custom_data(holdable)["custom_data"]
    for more in ({**holdable, "c": 0}, [*range(values.MAX_VALUES)]):
        fields = with_custom_data(more)
        assert more == json.loads(fields["custom_data"])
        assert ["custom_data"] == [warning["field"] for warning in fields["warnings"]]


@pytest.mark.parametrize(
    "data",
    [
        [[]],
        {"a": [1, [2]]},
        {"": 1},
        {"__a__": 1},
        {"____": 1},
        {"__\n__": 1},
        {"a" * 1489: 1},  # with `custom_data.` before it
        {"ё" * 745: 1},
        {"a" * 800: [{"b" * 688: 1}]},
        2**63,
        [-(2**63) - 1],
        2**1000,
    ],
)
def test_unholdable(data: Any) -> None:
    """What Firestore refuses is JSON text, with a warning."""
    fields = with_custom_data(data)
    assert data == json.loads(fields["custom_data"])
    assert ["custom_data"] == [warning["field"] for warning in fields["warnings"]]


@pytest.mark.parametrize(
    "data",
    [
        [{"a": [{"b": []}]}],
        {"__a": 1, "a__": 1, "___": 1, "_": 1, " ": 1, "a/b.c`": 1},
        {"a" * 1488: 1},
        {"ё" * 744: 1},
        {"a" * 800: [{"b" * 687: 1}]},
        [2**63 - 1, -(2**63)],
        "\0",
    ],
)
def test_holdable(data: Any) -> None:
    """What is just within the rules is held as it is."""
    fields = with_custom_data(data)
    assert ([], data) == (fields["warnings"], fields["custom_data"])


# Extra fields


@given(st.dictionaries(st.text(st.sampled_from("_aё.\n"), max_size=6), st.text()))
def test_extra(extra: dict[str, str]) -> None:
    """Extra fields are text under their names; a name Firestore refuses is left to raw."""
    fields = with_extra(extra)
    refused = {warning["field"] for warning in fields["warnings"]}
    assert {name for name in extra if not values.is_name(name)} == refused
    assert {name: text for name, text in extra.items() if name not in refused} == fields["extra"]


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
    return bytes(random.Random(1).choices(b"\x82\x84\x85\x86\x87\x89\x8b\x93\x94\x97\xb9", k=count))  # noqa: S311


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
    kept = fields_of(document.build_bare(record_of(fields, expire_at=NOON), NAME))
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
    assert (encode_raw(fields), NOON) == (kept["raw"], kept["expire_at"])
    assert kept["call"]["state"] == "callback_ordered"


def test_bare_without_chat() -> None:
    """A bare document of an event that has no chat has none either."""
    kept = fields_of(document.build_bare(record_of([("a", "b")]), NAME))
    assert kept["chat"] is None
    assert ["extra"] == [warning["field"] for warning in kept["warnings"]]
