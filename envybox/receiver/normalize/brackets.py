"""PHP's bracket notation: `a[b][]=x` is a piece of the field `a`.

The vendor's own receivers are PHP scripts, and PHP senders build nested values so.
Collisions follow PHP, the last one wins, but not by saying nothing.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from envybox.receiver.normalize.warn import Warnings

_BRACKETED = re.compile(r"([^\[]+)((?:\[[^\[\]]*\])+)")
_MOST_LEVELS = 20
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")


class _Branch(dict[str, "str | _Branch"]):
    """A list or an object in the making: PHP's array. `following` is the index of `[]`."""

    __slots__ = ("following",)

    def __init__(self) -> None:
        super().__init__()
        self.following = 0


def fold(fields: list[tuple[str, str]], warnings: Warnings) -> dict[str, str]:
    """Return the fields by name, bracketed ones as JSON text under the name before `[`.

    Keys 0 to n-1 make a list, all others an object. Names whose brackets do not match,
    or, with a warning, that are over 20 levels deep, are plain names. Where a name comes
    twice, or is both a text and a list or object, the last one that is not blank wins, with
    a warning.
    """
    tree = _Branch()
    for name, value in fields:
        path = _path(name)
        if name.count("[") > _MOST_LEVELS:
            warnings.add(name, "nested too deeply")
        if _put(tree, path, value):
            warnings.add(path[0], "repeated")
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(_plain(value)).decode()
        for name, value in tree.items()
    }


def _path(name: str) -> list[str]:
    """Return `a[b][]` as `["a", "b", ""]`, a plain name as itself."""
    if "[" not in name or name.count("[") > _MOST_LEVELS:
        return [name]
    match = _BRACKETED.fullmatch(name)
    return [match[1], *match[2][1:-1].split("][")] if match else [name]


def _put(tree: _Branch, path: list[str], value: str) -> bool:
    """Put a value into the tree. True: something that was there is lost."""
    *way, last = path
    branch, lost = tree, False
    for depth, name in enumerate(way):
        key = _key(branch, name, append=depth > 0)
        below = branch.get(key)
        if not isinstance(below, _Branch):
            if below and not value.strip():
                return True
            lost = lost or below is not None
            below = branch[key] = _Branch()
        branch = below
    key = _key(branch, last, append=len(path) > 1)
    if key in branch:
        if not value.strip():
            return True
        lost = True
    branch[key] = value
    return lost


def _key(branch: _Branch, key: str, *, append: bool) -> str:
    """Return the key, for `[]` the next index; note the index that follows."""
    if append and not key:
        key = str(branch.following)
    if key.isdigit() and _INDEX.fullmatch(key):
        branch.following = max(branch.following, int(key) + 1)
    return key


def _plain(value: str | _Branch) -> Any:
    if isinstance(value, str):
        return value
    indexes = [str(index) for index in range(len(value))]
    if value.keys() == set(indexes):
        return [_plain(value[index]) for index in indexes]
    return {key: _plain(below) for key, below in value.items()}
