"""A document of Firestore's as an event that was found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from envybox.event import Event
from envybox.google.document import read_raw
from envybox.ports.lookup import ERASED, UNREADABLE, Found, Publish, bare

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What msgspec learns of a class it learns at its first use, and threads that come to that
# together crash the process (seen with msgspec 0.22): here there is one thread.
msgspec.json.Decoder(Event)


def found_of(snapshot: Any) -> Found:
    """Return the event of a document, whatever somebody made of it by hand."""
    fields = _plain(snapshot.to_dict())
    erased_at = _as(fields.get("erased_at"), datetime, None)
    try:
        event = msgspec.convert(fields, Event)
    except msgspec.ValidationError:
        event = bare(
            snapshot.id,
            _as(fields.get("account"), str, ""),
            _as(fields.get("received_at"), datetime, _EPOCH),
            reason=ERASED if erased_at else UNREADABLE,
        )
    publish = _as(fields.get("publish"), dict, {})
    return Found(
        event=event,
        raw=read_raw(_as(fields.get("raw"), str, "[]")),
        publish=Publish(
            state=_as(publish.get("state"), str, ""),
            topic=_as(publish.get("topic"), str, ""),
            message_id=_as(publish.get("message_id"), str, None),
            published_at=_as(publish.get("published_at"), datetime, None),
            attempts=_as(publish.get("attempts"), int, 0),
        ),
        expire_at=_as(fields.get("expire_at"), datetime, None),
        normalizer=_as(fields.get("normalizer"), int, 0),
        erased_at=erased_at,
        revision=snapshot.update_time,
    )


def _as(value: Any, kind: type, otherwise: Any) -> Any:
    return value if isinstance(value, kind) else otherwise


def _plain(value: Any) -> Any:
    """Return a value with the client's own kind of time replaced by Python's."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return datetime.fromtimestamp(value.timestamp(), UTC).replace(microsecond=value.microsecond)
    return value
