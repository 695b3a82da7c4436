"""The plan: which of the webhook's fields is read how, and into which part of the event.

It is told in the event's classes, by `received`, and worked out here when this is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from envybox.event import Call, Chat, Event, Ids, Manager, Page, Utm, Visitor
from envybox.receiver.normalize.form import Form

Step = tuple[str, str, Callable[[Form, str], Any]]
"""The event's field, the webhook's, and the reader."""


def _received(struct: type[Any]) -> list[tuple[str, str, str]]:
    return [
        (field, meta.extra["received"], meta.extra["reader"])
        for field, annotation in struct.__annotations__.items()
        for meta in getattr(annotation, "__metadata__", ())
        if meta.extra and "received" in meta.extra
    ]


_RECEIVED = {
    struct: _received(struct) for struct in (Event, Visitor, Call, Chat, Manager, Page, Utm, Ids)
}
_STEPS: dict[type[Any], tuple[Step, ...]] = {
    struct: tuple((field, name, getattr(Form, reader)) for field, name, reader in fields if reader)
    for struct, fields in _RECEIVED.items()
}

NAMED = frozenset({name for fields in _RECEIVED.values() for _, name, _ in fields} | {"key"})
"""The fields that have their place in the event (the vendor's help page, and captured
webhooks). All others go to `extra`. `key` has none: it is the secret."""


def read(form: Form, struct: type[Any]) -> dict[str, Any]:
    """Return the fields of a part of the event that are filled and read by themselves."""
    get = form.values.get
    return {field: reader(form, name) for field, name, reader in _STEPS[struct] if get(name)}


def is_nothing(fields: dict[str, Any]) -> bool:
    """Whether none of the fields that were filled could be read."""
    return [*fields.values()].count(None) == len(fields)


def extra_of(values: dict[str, str]) -> dict[str, str]:
    """Return the fields that have no place of their own, as they are."""
    return {name: value for name, value in values.items() if name not in NAMED}
