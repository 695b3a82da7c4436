"""The documented limits of a document. One that breaks any fails its whole call here.

Sizes: https://firebase.google.com/docs/firestore/storage-size
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment

MAX_NAME_BYTES = 1500
MAX_DEPTH = 20
MAX_BYTES = 1_048_576
MAX_VALUE_BYTES = MAX_BYTES - 89
MAX_INDEX_ENTRIES = 40_000
_RESERVED = re.compile(r"__.*__", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EIGHT = ("integer_value", "double_value", "timestamp_value")

Check = Callable[[Any, Deployment], str | None]


def _each(check: Check) -> Callable[[Call, Deployment], str | None]:
    """Return a rule's check that looks at each document that is written."""

    def checks(call: Call, deployment: Deployment) -> str | None:
        documents = (write.update for write in call.writes)
        return next(filter(None, (check(one, deployment) for one in documents)), None)

    return checks


def _fields(fields: Any, above: str = "", depth: int = 1) -> Iterator[tuple[str, str, Any, int]]:
    """Yield path, name, value and depth of each field; a list's elements have its path."""
    for name, value in fields.items():
        part = name if _PLAIN.fullmatch(name) else f"`{name}`"
        path = f"{above}.{part}" if above else part
        yield from _values(path, name, value, depth)


def _values(path: str, name: str, value: Any, depth: int) -> Iterator[tuple[str, str, Any, int]]:
    yield path, name, value, depth
    kind = value.WhichOneof("value_type")
    if kind == "map_value":
        yield from _fields(value.map_value.fields, path, depth + 1)
    elif kind == "array_value":
        for element in value.array_value.values:
            yield from _values(path, name, element, depth + 1)


def _path(document: Any, _deployment: Deployment) -> str | None:
    for part in document.name.split("/")[5:]:
        is_bad = part in ("", ".", "..") or _RESERVED.fullmatch(part) is not None
        if is_bad or len(part.encode()) > MAX_NAME_BYTES:
            return f'Resource id "{part[:50]}" is invalid.'
    return None


def _names(document: Any, _deployment: Deployment) -> str | None:
    for path, name, _value, _depth in _fields(document.fields):
        if not name or _RESERVED.fullmatch(name) is not None:
            return f'Invalid property name "{name[:50]}": it is empty or reserved.'
        if len(path.encode()) > MAX_NAME_BYTES:
            return f"The property path is longer than {MAX_NAME_BYTES} bytes."
    return None


def _depth(document: Any, _deployment: Deployment) -> str | None:
    for path, _name, value, depth in _fields(document.fields):
        is_container = value.WhichOneof("value_type") in ("map_value", "array_value")
        if depth + is_container > MAX_DEPTH:  # a container has something in it, or may have
            return f"Property {path[:50]} exceeds the maximum depth of {MAX_DEPTH}."
    return None


def _value_size(document: Any, _deployment: Deployment) -> str | None:
    if document.ByteSize() <= MAX_VALUE_BYTES:
        return None  # nor is any value in it longer: it need not be walked through
    for path, _name, value, _depth in _fields(document.fields):
        if len(value.string_value.encode()) > MAX_VALUE_BYTES:
            return f'The value of property "{path[:50]}" is longer than {MAX_VALUE_BYTES} bytes.'
    return None


def _size(document: Any, _deployment: Deployment) -> str | None:
    ids = document.name.split("/")[5:]
    size = 16 + sum(len(part.encode()) + 1 for part in ids) + 32
    size += sum(len(name.encode()) + 1 + _bytes(value) for name, value in document.fields.items())
    if size <= MAX_BYTES:
        return None
    return (
        f"Document '{document.name}' cannot be written because its size ({size:,} bytes) "
        f"exceeds the maximum allowed size of {MAX_BYTES:,} bytes."
    )


def _bytes(value: Any) -> int:
    kind = value.WhichOneof("value_type")
    if kind == "string_value":
        return len(value.string_value.encode()) + 1
    if kind == "map_value":
        fields = value.map_value.fields.items()
        return 32 + sum(len(name.encode()) + 1 + _bytes(below) for name, below in fields)
    if kind == "array_value":
        return sum(_bytes(element) for element in value.array_value.values)
    return 8 if kind in _EIGHT else 1


def index_entries(document: Any, deployment: Deployment) -> int:
    """Return how many index entries a document has, exemptions left out.

    A field that is neither map nor list has an ascending and a descending one, a list one for
    each element, and each composite index one where the document has its fields.
    https://firebase.google.com/docs/firestore/query-data/index-overview
    """
    paths: set[str] = set()

    def single(fields: Any, above: str) -> int:
        entries = 0
        for path, value in ((above + name, value) for name, value in fields.items()):
            paths.add(path)
            kind = value.WhichOneof("value_type")
            if kind == "map_value":
                entries += single(value.map_value.fields, path + ".")
            elif not deployment.is_unindexed(path):
                is_list = kind == "array_value"
                entries += len(value.array_value.values) if is_list else 2
        return entries

    entries = single(document.fields, "")
    return entries + sum(all(path in paths for path, _ in index) for index in deployment.indexes)


def _index_entries(document: Any, deployment: Deployment) -> str | None:
    if index_entries(document, deployment) <= MAX_INDEX_ENTRIES:
        return None
    return "too many index entries for entity"


_QUOTAS = "https://firebase.google.com/docs/firestore/quotas"
_INVALID = grpc.StatusCode.INVALID_ARGUMENT

RULES = (
    Rule(
        "An id of a collection or document is not reserved and has no more than 1,500 bytes",
        _INVALID,
        _QUOTAS,
        _each(_path),
    ),
    Rule(
        "A field's name is neither empty nor of the form `__x__`, its path has no more than "
        "1,500 bytes",
        _INVALID,
        _QUOTAS,
        _each(_names),
    ),
    Rule("Maps and lists are nested no deeper than 20", _INVALID, _QUOTAS, _each(_depth)),
    Rule("A value has no more than 1 MiB less 89 bytes", _INVALID, _QUOTAS, _each(_value_size)),
    Rule(
        "A document has no more than 1 MiB",
        _INVALID,
        "https://firebase.google.com/docs/firestore/storage-size",
        _each(_size),
    ),
    Rule(
        "A document has no more than 40,000 index entries, those left out that Terraform exempts",
        _INVALID,
        _QUOTAS,
        _each(_index_entries),
    ),
)
