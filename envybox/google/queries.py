"""What the store asks Firestore for, and what it reads of the answers: events, and how many.

Requests and answers are messages of `envybox.google.messages`; nothing here waits for anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from envybox.google import document
from envybox.google.messages import (
    GetDocumentRequest,
    RunAggregationQueryRequest,
    RunQueryRequest,
)
from envybox.google.values import fill
from envybox.ports.store import Stored

MOST_COUNTED = 10_000
"""How far the backlog is counted: ten reads' price, and soon done. More is told as `at_least`."""

_STORED_FIELDS = ("account", "received_at", "raw", "publish.state", "publish.attempts")
_ASCENDING = 1
_EQUAL = 5
_LESS_THAN = 1
_AT_LEAST = 4
_COUNT = "pending"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def one(name: str) -> Any:
    """Return the request for the event whose document has this whole name."""
    request = GetDocumentRequest(name=name)
    request.mask.field_paths.extend(_STORED_FIELDS)
    return request


def pending(
    documents: str,
    collection: str,
    *,
    since: datetime | None,
    before: datetime,
    after: Stored | None,
    limit: int,
) -> Any:
    """Return the request for pending events, oldest first; `documents` is the database's root."""
    request = RunQueryRequest(parent=documents)
    query = request.structured_query
    for path in _STORED_FIELDS:
        query.select.fields.add(field_path=path)
    _where_pending(query, collection, since=since, before=before)
    for path in ("received_at", "__name__"):
        query.order_by.add(direction=_ASCENDING).field.field_path = path
    query.limit.value = limit
    if after is not None:
        query.start_at.before = False
        fill(query.start_at.values.add(), after.received_at)
        query.start_at.values.add().reference_value = f"{documents}/{collection}/{after.id}"
    return request


def count(documents: str, collection: str, *, since: datetime | None) -> Any:
    """Return the request for how many are pending, `MOST_COUNTED` at most."""
    request = RunAggregationQueryRequest(parent=documents)
    aggregation = request.structured_aggregation_query
    _where_pending(aggregation.structured_query, collection, since=since)
    aggregation.aggregations.add(alias=_COUNT).count.up_to.value = MOST_COUNTED
    return request


def counted(responses: Iterable[Any]) -> int | None:
    """Return the number that the answers tell, None where it was not said."""
    # Those without a result tell of partial progress.
    results = [answer.result for answer in responses if answer.HasField("result")]
    return results[-1].aggregate_fields[_COUNT].integer_value if results else None


def stored(found: Any) -> Stored:
    """Return the event of a document that has the fields that these requests ask for."""
    fields = found.fields
    publish = fields["publish"].map_value.fields
    return Stored(
        id=found.name.rpartition("/")[2],
        account=fields["account"].string_value,
        received_at=_time(fields["received_at"].timestamp_value),
        raw=document.read_raw(fields["raw"].string_value),
        published=publish["state"].string_value == "published",
        attempts=publish["attempts"].integer_value,
        created_at=_time(found.create_time) if found.HasField("create_time") else None,
    )


def _where_pending(
    query: Any, collection: str, *, since: datetime | None, before: datetime | None = None
) -> None:
    query.from_.add(collection_id=collection)
    filters = query.where.composite_filter
    filters.op = 1  # AND
    state = filters.filters.add().field_filter
    state.field.field_path = "publish.state"
    state.op = _EQUAL
    state.value.string_value = "pending"
    for op, time_ in ((_AT_LEAST, since), (_LESS_THAN, before)):
        if time_ is not None:
            received = filters.filters.add().field_filter
            received.field.field_path = "received_at"
            received.op = op
            fill(received.value, time_)


def _time(timestamp: Any) -> datetime:
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)
