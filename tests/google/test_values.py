from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.google import values
from envybox.google.messages import Document
from tests.google.documents import plain

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.datetimes(timezones=st.just(UTC))
)
HOLDABLE = st.recursive(
    SCALARS,
    lambda below: (
        st.dictionaries(st.text().filter(values.is_name), below, max_size=4)
        | st.lists(below.filter(lambda item: not isinstance(item, list)), max_size=4)
    ),
    max_leaves=12,
)


def read(item: Any) -> Any:
    """Return an item as protobuf reads its value."""
    field = Document().fields["field"]
    values.fill(field, item)
    return plain(field)


@given(HOLDABLE)
@example(-1)
@example(-0.0)
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC))
@example({"a": {}, "b": [{}]})
def test_encode(item: Any) -> None:
    """Protobuf reads what was written, and of the same type."""
    found = read(item)
    assert item == found
    if not isinstance(item, dict | list | datetime):  # `True == 1 == 1.0`, and `-0.0 == 0.0`
        assert repr(item) == repr(found)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16_383, 16_384, 300_000])
def test_lengths(size: int) -> None:
    """Text, names, lists and maps have any length."""
    text = "x" * size
    assert {"a": text} == read({"a": text})
    assert [text, {"a": [text]}] == read([text, {"a": [text]}])
    name = text[:1499] or "y"
    assert {name: None} == read({name: None})


def test_struct() -> None:
    """A struct is a map of its fields, those of nothing included."""

    class Part(msgspec.Struct):
        text: str | None
        nothing: None
        deep: list[FieldWarning]

    part = Part("а", None, [FieldWarning("f", "r")])
    assert msgspec.to_builtins(part) == read(part)


def test_times() -> None:
    """A time has microseconds, in whatever zone it is told."""
    moment = datetime(2026, 11, 28, 12, 0, 0, 1, UTC)
    assert moment == read(moment.astimezone(tz=None)) == read(moment)
    assert timedelta(microseconds=1) == read(moment) - read(moment.replace(microsecond=0))
