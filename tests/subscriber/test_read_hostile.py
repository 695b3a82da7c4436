from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox import EnvyboxError, Event, read_event
from envybox.event import encode
from envybox.testing import push, sample

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["message", "data", "attributes", "messageId", "schema_version", "event", "document", "id",
     "spool_version", "deliveryAttempt", "data_base64", "call", "managers", "type"]
)  # fmt: skip
WRAPPINGS = st.recursive(
    JSON | st.binary(),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
EVENT: dict[str, Any] = json.loads(encode(sample("chat.online")))


def _is_read_or_told(source: Any) -> None:
    with suppress(EnvyboxError):
        assert isinstance(read_event(source), Event)


@given(WRAPPINGS)
def test_anything(source: Any) -> None:
    """Whatever is given, it is read or told to be no event: no other error comes out."""
    _is_read_or_told(source)


@given(JSON)
def test_any_json(source: Any) -> None:
    """And so is any JSON, alone or as a message's data."""
    text = json.dumps(source)
    _is_read_or_told(text)
    _is_read_or_told({"message": {"data": base64.b64encode(text.encode()).decode()}})


@given(st.data())
def test_an_event_with_a_part_replaced(data: st.DataObject) -> None:
    """An event in which anything may be anything is read or told to be none."""
    event = json.loads(json.dumps(EVENT))
    place: Any = event
    path = []
    while isinstance(place, dict) and place and data.draw(st.booleans(), "deeper"):
        path.append(data.draw(st.sampled_from(sorted(place)), "name"))
        place = place[path[-1]]
    value = data.draw(JSON, "value")
    place = event
    for name in path[:-1]:
        place = place[name]
    place[path[-1] if path else "more"] = value
    _is_read_or_told(event)


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_a_push_that_is_broken(octets: bytes, start: int) -> None:
    """A push in which some bytes are others is read or told to be none."""
    body = push(sample("call.info")).body
    _is_read_or_told(body[:start] + octets + body[start + len(octets) :])


@pytest.mark.parametrize("nested", ['{"message":' * 100_000, '{"a":[' * 100_000, "[" * 100_000])
def test_deep_nesting(nested: str) -> None:
    """Text that nests deeper than any stack is told to be no event."""
    with pytest.raises(EnvyboxError):
        read_event(nested)


@given(JSON, st.dictionaries(st.text(), st.text(), max_size=3))
def test_what_is_free_comes_back(custom_data: Any, extra: dict[str, str]) -> None:
    """Custom data and unknown fields of a webhook come back as they were published."""
    with suppress(ValueError):  # a lone surrogate, which is not published either
        event = msgspec.structs.replace(sample(), custom_data=custom_data, extra=extra)
        assert encode(event) == encode(read_event(encode(event)))
        assert {} == read_event(encode(event)).delivery.unknown
