"""Firestore's values as protobuf's bytes, and Firestore's rules for them.

They are written out here, the one place that knows how protobuf is made of bytes: to fill in
messages, and to serialize them, took a seventh of a webhook's CPU. A field is its tag and its
content, text and messages with their length before them; a map is its entries, each a message
of a name (1) and a value (2). Source: https://protobuf.dev/programming-guides/encoding

Firestore refuses a list in a list, deep nesting, some names, integers over 64 bits. Source:
https://firebase.google.com/docs/firestore/quotas
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any

import msgspec

MAX_DEPTH = 18
"""How deep a field may nest, of Firestore's 20 levels; the document has one itself."""

MAX_VALUES = 20_000
"""How many values a field may hold here: to write one takes some µs."""

_MAX_PATH_BYTES = 1500
_RESERVED_NAME = re.compile(r"__.*__", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BYTE = tuple(bytes((number,)) for number in range(128))

# The tags of `google.firestore.v1.Value`, by what it holds.
_NULL = b"\x58\x00"
_BOOLEAN = {False: b"\x08\x00", True: b"\x08\x01"}
_INTEGER = b"\x10"
_DOUBLE = b"\x19"
_TIMESTAMP = b"\x52"
_STRING = b"\x8a\x01"
_ARRAY = b"\x4a"
_MAP = b"\x32"
# In an array its values, in a map its entries, in an entry the name and the value.
_ELEMENT = b"\x0a"
_ENTRY = b"\x0a"
_NAME = b"\x0a"
_VALUE = b"\x12"


class UnholdableError(ValueError):
    """A value that Firestore refuses, or that has too much in it."""


def encode(item: Any, path: int = 0) -> bytes:
    """Return the value of an item of an event: a scalar, list, dict, time or struct.

    `path` is the length of the value's own path, its last dot included, in bytes. Raises
    `UnholdableError` where Firestore cannot hold it.
    """
    return _encode(item, 1, path)


def fill(value: Any, item: Any) -> None:
    """Set a protobuf value to an item; see `encode`."""
    value.ParseFromString(encode(item))


def field(tag: bytes, content: bytes) -> bytes:
    """Return a field that holds text or a message."""
    size = len(content)
    return tag + (_BYTE[size] if size < 128 else _varint(size)) + content


def key(name: str) -> bytes:
    """Return the name of a map's entry, as the entry has it."""
    return field(_NAME, name.encode())


def entry(key_: bytes, value: bytes, tag: bytes = _ENTRY) -> bytes:
    """Return a map's entry, by its `key` and its value; `tag` is that of the map's field."""
    return field(tag, key_ + field(_VALUE, value))


def of_entries(entries: Iterable[bytes]) -> bytes:
    """Return the value that is a map of these entries."""
    return field(_MAP, b"".join(entries))


def _varint(number: int) -> bytes:
    if number < 128:
        return _BYTE[number]
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def _encode(item: Any, depth: int, path: int) -> bytes:  # noqa: C901, PLR0911  # a case a type
    if isinstance(item, str):
        return field(_STRING, item.encode())
    if item is None:
        return _NULL
    if isinstance(item, bool):
        return _BOOLEAN[item]
    if isinstance(item, int):
        if not -(2**63) <= item < 2**63:
            raise UnholdableError
        return _INTEGER + _varint(item % 2**64)
    if isinstance(item, float):
        return _DOUBLE + struct.pack("<d", item)
    if isinstance(item, datetime):
        return field(_TIMESTAMP, _timestamp(item))
    if depth > MAX_DEPTH:
        raise UnholdableError
    if isinstance(item, list):
        if any(isinstance(element, list) for element in item):
            raise UnholdableError
        elements = [field(_ELEMENT, _encode(element, depth + 1, path)) for element in item]
        return field(_ARRAY, b"".join(elements))
    if isinstance(item, dict):
        return of_entries(_entries(item, depth, path))
    kind: Any = type(item)
    pairs = zip(_keys(kind), msgspec.structs.astuple(item), strict=True)
    return of_entries(
        nothing if value is None else entry(name, _encode(value, depth + 1, path))
        for (name, nothing), value in pairs
    )


def _entries(item: dict[str, Any], depth: int, path: int) -> list[bytes]:
    entries = []
    for name, element in item.items():
        if not is_name(name, path):
            raise UnholdableError
        below = path + len(name.encode()) + 1
        entries.append(entry(key(name), _encode(element, depth + 1, below)))
    return entries


@cache
def _keys(kind: type[msgspec.Struct]) -> list[tuple[bytes, bytes]]:
    """Return the keys of a class's fields, each with its entry of nothing."""
    return [(key(name), entry(key(name), _NULL)) for name in kind.__struct_fields__]


def _timestamp(moment: datetime) -> bytes:
    """Return a `google.protobuf.Timestamp`: seconds and nanoseconds since 1970."""
    since = moment - _EPOCH
    seconds = since.days * 86400 + since.seconds
    return b"\x08" + _varint(seconds % 2**64) + b"\x10" + _varint(since.microseconds * 1000)


def items(struct_: msgspec.Struct) -> zip[tuple[str, Any]]:
    """Return the names and the values of a struct's fields."""
    return zip(struct_.__struct_fields__, msgspec.structs.astuple(struct_), strict=True)


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
