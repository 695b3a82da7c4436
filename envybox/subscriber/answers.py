"""What a form said beyond the fields that all events have: a quiz's answers, say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from envybox.event import Event

MOST = 40
"""More than a form has; what a site passes along may be anything."""


def answers(event: Event) -> list[tuple[str, str]]:
    """Return names and values of `custom_data` and `extra`, at most `MOST`, none empty.

    Both are as the site sent them. Within tables and lists names are joined: `quiz / area`.
    """
    found = (*_flat("", event.custom_data), *_flat("", event.extra))
    return [(name, value) for name, value in found if value.strip()][:MOST]


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name} / {key}" if name else str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(name, inner)
    elif value is not None:
        yield name, str(value)
