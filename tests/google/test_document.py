from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.event import NORMALIZER_VERSION
from envybox.google import document, values
from tests.google.documents import NAME, built, check_rules, fields_of, record_of, with_extra
from tests.official import BatchWriteRequest, Document
from tests.samples import HELP_PAGE, SAMPLES, event_of


def with_custom_data(data: Any) -> dict[str, Any]:
    """Return the fields of a document whose custom data is this."""
    event = msgspec.structs.replace(event_of([]), custom_data=data)
    return fields_of(document.build(record_of([], event), NAME))


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


def test_nothing_expires_that_is_pending() -> None:
    """A new document has no end: the mark gives it one."""
    assert "expire_at" not in built(HELP_PAGE)


def test_built_in_place() -> None:
    """A document that is part of a request is made there; what was in it is gone."""
    request = BatchWriteRequest()
    part = request.writes.add().update
    part.fields["leftover"].string_value = "x"
    document.build(record_of(SAMPLES["a call starts"]), "other", part)
    assert part is document.build(record_of(HELP_PAGE), NAME, part)
    assert document.build(record_of(HELP_PAGE), NAME, Document()) == request.writes[0].update


def test_documents_are_their_own() -> None:
    """What one document holds is in no other, made after it."""
    expected = built([])
    built(HELP_PAGE)
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
