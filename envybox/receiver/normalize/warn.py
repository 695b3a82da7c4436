"""The warnings of one webhook: what could not be normalized, each told once."""

from __future__ import annotations

from collections.abc import Iterable

from envybox.event import FieldWarning
from envybox.receiver.normalize.text import replace_surrogates

_LONGEST_FIELD = 100  # characters: a field's name is the sender's, and may be of any length


class Warnings:
    """Collects warnings in order; identical ones count once.

    A reason is a constant, short text. It never holds a value, for values are personal.
    """

    __slots__ = ("_seen",)

    def __init__(self, first: Iterable[FieldWarning] = ()) -> None:
        self._seen: dict[FieldWarning, None] = {}
        for warning in first:
            self.add(warning.field, warning.reason)

    def add(self, field: str, reason: str) -> None:
        """Warn about a field, named as it was received."""
        name = replace_surrogates(field[:_LONGEST_FIELD])
        self._seen[FieldWarning(name, reason)] = None

    def listed(self) -> list[FieldWarning]:
        """Return the warnings in the order in which they came up."""
        return list(self._seen)
