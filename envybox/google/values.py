"""Firestore's values, and its rules for them.

It refuses a list in a list, deep nesting, some names, integers over 64 bits. Source:
https://firebase.google.com/docs/firestore/quotas
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

MAX_DEPTH = 18
"""How deep a field may nest, of Firestore's 20 levels; the document has one itself."""

MAX_VALUES = 20_000
"""How many values a field may hold here: to fill one in takes some µs."""

_MAX_PATH_BYTES = 1500
_RESERVED_NAME = re.compile(r"__.*__", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnholdableError(ValueError):
    """A value that Firestore refuses, or that has too much in it."""


def fill(value: Any, item: Any, path: int = 0) -> None:
    """Set a protobuf value to an item of an event: a scalar, list, dict, time or struct.

    `path` is the length of the value's own path, its last dot included, in bytes. Raises
    `UnholdableError` where Firestore cannot hold it.
    """
    _fill(value, item, 1, path)


def _fill(value: Any, item: Any, depth: int, path: int) -> None:  # noqa: C901, PLR0912  # a case a type
    if isinstance(item, str):
        value.string_value = item
    elif item is None:
        value.null_value = 0
    elif isinstance(item, bool):
        value.boolean_value = item
    elif isinstance(item, int):
        if not -(2**63) <= item < 2**63:
            raise UnholdableError
        value.integer_value = item
    elif isinstance(item, float):
        value.double_value = item
    elif isinstance(item, datetime):
        since = item - _EPOCH
        value.timestamp_value.seconds = since.days * 86400 + since.seconds
        value.timestamp_value.nanos = since.microseconds * 1000
    elif depth > MAX_DEPTH:
        raise UnholdableError
    elif isinstance(item, list):
        value.array_value.SetInParent()
        values = value.array_value.values
        for element in item:
            if isinstance(element, list):
                raise UnholdableError
            _fill(values.add(), element, depth + 1, path)
    elif isinstance(item, dict):
        value.map_value.SetInParent()
        fields = value.map_value.fields
        for name, element in item.items():
            if not is_name(name, path):
                raise UnholdableError
            _fill(fields[name], element, depth + 1, path + len(name.encode()) + 1)
    else:
        fields = value.map_value.fields
        for name, element in items(item):
            _fill(fields[name], element, depth + 1, path)


def items(struct: msgspec.Struct) -> zip[tuple[str, Any]]:
    """Return the names and the values of a struct's fields."""
    return zip(struct.__struct_fields__, msgspec.structs.astuple(struct), strict=True)


def is_name(name: str, path: int = 0) -> bool:
    """Whether Firestore takes this text as a field's name, under a path of so many bytes."""
    return (
        name != ""
        and path + len(name.encode()) <= _MAX_PATH_BYTES
        and _RESERVED_NAME.fullmatch(name) is None
    )


def check_count(data: Any) -> None:
    """Raise `UnholdableError` where there are over `MAX_VALUES` values in data as JSON has it."""
    level, count = [data], 1
    while level:
        if count > MAX_VALUES:
            raise UnholdableError
        nested = [
            node.values() if isinstance(node, dict) else node
            for node in level
            if isinstance(node, dict | list)
        ]
        level = list(chain.from_iterable(nested))
        count += len(level)
