"""Documents as they are built of some fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from envybox.event import Event
from envybox.google import document
from envybox.ports.store import Record
from envybox.webhook import Fields, encode_raw
from tests.samples import event_of

NAME = "projects/example/databases/(default)/documents/events/f"


def record_of(fields: Fields, event: Event | None = None, **changes: Any) -> Record:
    """Return the record of a webhook with these fields."""
    event = event_of(fields) if event is None else event
    record = Record(event=event, raw=encode_raw(fields), topic="envybox-call-result")
    return msgspec.structs.replace(record, **changes)


def plain(value: Any) -> Any:
    """Return a protobuf value as Python's."""
    kind = value.WhichOneof("value_type")
    if kind == "null_value":
        return None
    if kind == "array_value":
        return [plain(element) for element in value.array_value.values]
    if kind == "map_value":
        return {name: plain(element) for name, element in value.map_value.fields.items()}
    if kind == "timestamp_value":
        moment = value.timestamp_value
        assert moment.nanos % 1000 == 0
        return datetime.fromtimestamp(0, UTC) + timedelta(
            seconds=moment.seconds, microseconds=moment.nanos // 1000
        )
    return getattr(value, kind)


def fields_of(made: Any) -> dict[str, Any]:
    """Return a document's fields as Python's values."""
    return {name: plain(value) for name, value in made.fields.items()}


def built(fields: Fields, **changes: Any) -> dict[str, Any]:
    """Return the fields of the document of a webhook with these fields."""
    return fields_of(document.build(record_of(fields, **changes), NAME))


def with_extra(extra: dict[str, str]) -> dict[str, Any]:
    """Return the fields of a document whose extra fields are these."""
    event = msgspec.structs.replace(event_of([]), extra=extra)
    return fields_of(document.build(record_of([], event), NAME))


def check_rules(value: Any, depth: int = 1) -> None:
    """Fail where Firestore would refuse a value."""
    kind = value.WhichOneof("value_type")
    assert kind is not None
    assert depth <= 20
    for element in value.array_value.values:
        assert element.WhichOneof("value_type") != "array_value"
        check_rules(element, depth + 1)
    for name, element in value.map_value.fields.items():
        assert 1 <= len(name.encode()) <= 1500
        assert not (name.startswith("__") and name.endswith("__") and len(name) >= 4)
        check_rules(element, depth + 1)
