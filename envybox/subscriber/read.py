"""`read_event`: from whatever a subscriber holds to the typed event.

`shapes` finds the event's JSON and how it came; here it becomes an `Event`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

import msgspec

from envybox.errors import NewerSchema, NotAnEvent
from envybox.event import SCHEMA_VERSION, Delivery, Event, delivered
from envybox.subscriber.shapes import Found, find
from envybox.subscriber.words import describe

HELP = (
    "`read_event` takes a push request or its body, a CloudEvent, a pulled message, a document "
    "or a row of Envybox events"
)


def read_event(source: Any, headers: Mapping[str, str] | None = None) -> Event:
    """Return the event of what a subscriber was given, whichever way it came.

    - a push request, wrapped or not: Flask's request, or its body (bytes, text, JSON read);
      of an asynchronous framework `read_event(await request.body(), request.headers)`
    - a CloudEvent of functions-framework or Eventarc
    - a pull message: `ReceivedMessage`, `PubsubMessage`, the streaming client's `Message`
    - a Firestore document (snapshot or dict), a row of BigQuery or SQLite, a line of Cloud
      Storage or of an export: JSON text or a dict

    `headers`: those of an unwrapped push whose body was read already; they have the
    message's attributes. Fields that this version does not know are kept in
    `event.delivery.unknown`; an unknown type or state is kept as it is.

    Raises `NotAnEvent`, which says what was given, and `NewerSchema` for a later major
    version of the event.
    """
    try:
        found = find(source, headers)
        _check_version(found.event)
        fields = msgspec.to_builtins(found.event, builtin_types=(datetime,), enc_hook=_plain)
        return delivered(msgspec.convert(fields, Event), _delivery(found))
    except NewerSchema:
        raise
    except (NotAnEvent, msgspec.ValidationError) as error:
        problem = str(error) or "nothing known"
    except Exception as error:  # noqa: BLE001 - an object that is not what it looks like
        problem = type(error).__name__
    # From None: the cause may quote what was given, and this is for a log.
    raise NotAnEvent(f"{describe(source)}: {problem}; {HELP}") from None


def _plain(value: Any) -> datetime:
    """Return a time of Firestore's client, which has a class of its own for nanoseconds."""
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.timetz())
    raise TypeError


def _check_version(event: Mapping[str, Any]) -> None:
    version = event.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise NewerSchema(
            f"an event of schema_version {version}; this version of envybox reads "
            f"{SCHEMA_VERSION}: install a newer one, and see its changelog"
        )


def _delivery(found: Found) -> Delivery:
    return Delivery(
        message_id=found.message_id,
        attributes=found.attributes,
        attempt=found.attempt,
        unknown=dict(_unknown(found.event, Event, "")),
    )


BESIDE = frozenset({"raw", "publish", "expire_at"})
"""What a document has beside the event."""


def _unknown(fields: Mapping[str, Any], struct: Any, path: str) -> Iterator[tuple[str, Any]]:
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for name, value in fields.items():
        if name not in known:
            if path or name not in BESIDE:
                yield path + name, value
        elif isinstance(value, Mapping):
            for inner in _structs(known[name]):
                yield from _unknown(value, inner, f"{path}{name}.")
        elif isinstance(value, list | tuple):
            for inner in _structs(known[name]):
                for place, element in enumerate(value):
                    yield from _unknown(element, inner, f"{path}{name}.{place}.")


def _structs(type_: Any) -> list[Any]:
    """Return the structs in a field's type: of `Call | None`, of an annotated `list[…]`."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    return [struct for inner in get_args(type_) for struct in _structs(inner)]
