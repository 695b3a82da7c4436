from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from envybox.event import CALL_STATES, ENTRY_KINDS, SCHEMA_VERSION, encode
from envybox.schema import DESCRIPTIONS, event_schema
from envybox.types import TYPES
from tests.receiver.normalize.support import event_of
from tests.samples import HELP_PAGE

_ROOT = Path(__file__).parent.parent
_EVENT: dict[str, Any] = json.loads(
    encode(event_of([*HELP_PAGE, ("chat_text", "[Я, 12.01.2024 в 18:36]\n Да"), ("new", "")]))
)


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for below in schema.values():
            yield from _objects(below)


def test_is_a_schema() -> None:
    """It is a valid schema of the dialect that it names."""
    schema = event_schema()

    assert Draft202012Validator.META_SCHEMA["$id"] == schema["$schema"]
    Draft202012Validator.check_schema(schema)


def test_objects_are_open() -> None:
    """Each object has all of its keys and may have others; there are no defaults to fill in."""
    objects = list(_objects(event_schema()))

    assert len(objects) == len(event_schema()["$defs"]) == 11
    for schema in objects:
        assert list(schema["properties"]) == schema["required"]
        assert schema["additionalProperties"] is True
        assert not any("default" in property_ for property_ in schema["properties"].values())


def test_types() -> None:
    """A type, a state and a kind are text, with those that there are now as examples."""
    parts = {name: part["properties"] for name, part in event_schema()["$defs"].items()}

    for part in parts.values():
        for property_ in part.values():
            del property_["description"]
    assert {"type": "string", "examples": [row.type for row in TYPES]} == parts["Event"]["type"]
    text, null = parts["Call"]["state"]["anyOf"]
    assert ({"type": "string", "examples": list(CALL_STATES)}, {"type": "null"}) == (text, null)
    assert {"type": "string", "examples": list(ENTRY_KINDS)} == parts["TranscriptEntry"]["kind"]


def test_name_and_examples() -> None:
    """It has a name with the major version, and an example of each type that has a number."""
    schema = event_schema()

    assert f"urn:envybox:event:{SCHEMA_VERSION}" == schema["$id"]
    assert [row.type for row in TYPES if row.webhooktype] == [
        example["type"] for example in schema["examples"]
    ]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize(
    "change",
    [
        {"lead_score": 7},
        {"type": "call.transcribed"},
        {"call": {**_EVENT["call"], "state": "voicemail", "sip": None}},
    ],
)
def test_a_later_minor_version(change: dict[str, Any]) -> None:
    """What may come within the major version is no mistake: a field, a type, a state."""
    Draft202012Validator(event_schema()).validate(_EVENT | change)


def test_descriptions() -> None:
    """Each field of each class is described, and nothing else is."""
    described = {name: list(fields) for name, fields in DESCRIPTIONS.items()}

    parts = event_schema()["$defs"]
    assert {name: list(part["properties"]) for name, part in parts.items()} == described


def test_a_field_without_description(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new field that nobody has described is named, with the place where to do it."""
    described = {name: text for name, text in DESCRIPTIONS["Visitor"].items() if name != "phone"}
    monkeypatch.setitem(DESCRIPTIONS, "Visitor", described)
    with pytest.raises(ValueError, match=r'Visitor\.phone .*DESCRIPTIONS\["Visitor"\].*schema\.py'):
        event_schema()
    monkeypatch.delitem(DESCRIPTIONS, "Visitor")
    with pytest.raises(ValueError, match=r"Visitor\.id has no description"):
        event_schema()


def test_times() -> None:
    """A time is a date-time in UTC."""
    received_at = event_schema()["$defs"]["Event"]["properties"]["received_at"]

    pattern = received_at.pop("pattern")
    del received_at["description"]
    assert {"type": "string", "format": "date-time"} == received_at
    assert re.search(pattern, "2026-11-22T06:46:00.123456Z")
    assert not re.search(pattern, "2026-11-22T06:46:00+03:00")


def test_event_is_valid() -> None:
    """An event of the help page's example is as the schema says."""
    Draft202012Validator(event_schema()).validate(_EVENT)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"schema_version": 2},
        {"type": None},
        {"webhooktype": "1"},
        {"webhooktype": -1},
        {"received_at": "2026-11-22T06:46:00+00:00"},
        {"call": {}},
        {"managers": [{"name": None, "phone": "8 900"}]},
        {"extra": {"new": 1}},
    ],
)
def test_what_is_no_event(change: dict[str, Any]) -> None:
    """What differs from an event is refused."""
    with pytest.raises(ValidationError):
        Draft202012Validator(event_schema()).validate(_EVENT | change)


@pytest.mark.parametrize("key", sorted(_EVENT))
def test_missing_key(key: str) -> None:
    """An event that lacks a key is refused."""
    event = {name: value for name, value in _EVENT.items() if name != key}

    with pytest.raises(ValidationError):
        Draft202012Validator(event_schema()).validate(event)


def test_receiver_does_not_load_it() -> None:
    """Normalization does not import the schema: a cold start does not pay for it."""
    program = "import sys, envybox.receiver.normalize; print('envybox.schema' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True
    )

    assert "False\n" == done.stdout
