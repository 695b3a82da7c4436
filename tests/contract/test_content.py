"""No content costs an event, whatever Firestore and Pub/Sub think of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.receiver import Receiver
from tests.contract.samples import new_chat, new_lead


def _nested(depth: int, inner: Any = 1) -> Any:
    for _ in range(depth):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("custom_data", "as_text"),
    [
        pytest.param([[1, 2], [3]], True, id="a list in a list"),
        pytest.param(_nested(15), False, id="deep"),
        pytest.param(_nested(25), True, id="too deep"),
        pytest.param({"__name__": 1}, True, id="a reserved name"),
        pytest.param({"": 1}, True, id="an empty name"),
        pytest.param({"n" * 1501: 1}, True, id="a long name"),
        pytest.param({"big": 2**64}, True, id="an integer over 64 bits"),
        pytest.param({"big": -(2**63)}, False, id="an integer of 64 bits"),
        pytest.param({"a.b": {"`c`": "\x00"}, "n": [1.5, None, True]}, False, id="odd but fine"),
        pytest.param([], False, id="unset"),
        pytest.param("text", False, id="text"),
    ],
)
def test_custom_data(receiver: Receiver, custom_data: Any, *, as_text: bool) -> None:
    """Custom data is stored as it is, or as JSON text with a warning; published as it is."""
    document = receiver.accepted(new_lead(custom_data=json.dumps(custom_data)))
    event = json.loads(receiver.message(document["id"])["data"])
    assert custom_data == event["custom_data"]
    stored = document["custom_data"]
    if as_text and isinstance(stored, str):  # the embedded backend holds all JSON as it is
        assert "custom_data" in [warning["field"] for warning in document["warnings"]]
        stored = json.loads(stored)
    assert custom_data == stored


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a": "\\ud800"}', id="a lone surrogate"),
        pytest.param("[" * 5000 + "]" * 5000, id="5,000 levels"),
        pytest.param("[" * 5000, id="5,000 levels, none closed"),
        pytest.param("{not json", id="not JSON"),
        pytest.param("[NaN]", id="NaN"),
        pytest.param("[1e999]", id="a number past doubles"),
    ],
)
def test_unusable_custom_data(receiver: Receiver, text: str) -> None:
    """Custom data that cannot be taken for what it says is kept, with a warning."""
    document = receiver.accepted(new_lead(custom_data=text))
    assert "custom_data" in [warning["field"] for warning in document["warnings"]]
    assert ["custom_data", text] in json.loads(document["raw"])


@pytest.mark.parametrize("name", ["", "__x__", "n" * 2000, "a.b", "`", "\x00", "[", "a[b", "名"])
def test_field_names(receiver: Receiver, name: str) -> None:
    """A field of any name is in `raw`, and in the published event's `extra`."""
    document = receiver.accepted({**new_lead(), name: "value"})
    assert [name, "value"] in json.loads(document["raw"])
    event = json.loads(receiver.message(document["id"])["data"])
    assert {name: "value"} == event["extra"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"message": "Ы" * 100_000}, id="200 KB of text"),
        pytest.param({f"field{number}": "x" for number in range(990)}, id="nearly 1,000 fields"),
        pytest.param({f"a[{number}]": "x" for number in range(990)}, id="a list of 990"),
        pytest.param({"a" + "[b]" * 900: "x"}, id="brackets 900 deep"),
        pytest.param({"site": "s" * 5000, "visitor_id": "v" * 5000}, id="long ids"),
        pytest.param({"name": "\x00\x01\x7f\ud7ff\ufffe\U0010ffff"}, id="odd characters"),
        pytest.param({"custom_data": json.dumps(list(range(30_000)))}, id="a list of 30,000"),
        pytest.param({"chat_text": "[A, 12.01.2024 в 18:36]\n x\n" * 3000}, id="3,000 utterances"),
        pytest.param({"chat_text": "[" * 100_000}, id="a transcript that does not parse"),
        pytest.param({"managers_phones": json.dumps(["7"] * 5000)}, id="5,000 managers"),
    ],
)
def test_sizes(receiver: Receiver, fields: dict[str, str]) -> None:
    """Large and odd webhooks are stored, published, and whole in `raw`."""
    webhook = new_chat() | fields
    document = receiver.accepted(webhook, tries=5, multipart=True)  # a form would be past 256 KiB
    assert webhook == dict(json.loads(document["raw"]))
    message = receiver.message(document["id"])
    json.loads(message["data"])
    assert all(len(value.encode()) <= 1024 for value in message["attributes"].values())
    assert len(message["ordering_key"].encode()) <= 1024


def test_a_quarter_of_a_megabyte_of_control_characters(receiver: Receiver) -> None:
    """Even a body whose JSON is six times its size is stored and published."""
    message = "\x01" * (255 * 1024)
    document = receiver.accepted(new_lead(message=message), multipart=True)
    event = json.loads(receiver.message(document["id"])["data"])
    assert message == event["chat"]["message"]


_names = st.one_of(
    st.sampled_from(["custom_data", "managers_phones", "chat_text", "phone", "called_at", "place"]),
    st.text(max_size=20),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=15,
).map(json.dumps)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(fields=st.lists(st.tuples(_names, st.one_of(st.text(max_size=50), _json)), max_size=12))
def test_anything(receiver: Receiver, fields: list[tuple[str, str]]) -> None:
    """Whatever the fields are, they are stored and published, and `raw` gives them back."""
    fields = [pair for pair in fields if pair[0].partition("[")[0].strip() != "key"]
    fields.append(("tag", new_lead()["visitor_id"]))
    document = receiver.accepted(fields)
    assert fields == [tuple(pair) for pair in json.loads(document["raw"])]
    message = receiver.message(document["id"])
    assert document["id"] == json.loads(message["data"])["id"]
