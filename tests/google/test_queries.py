from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from envybox.errors import Unavailable
from envybox.google.firestore import FirestoreStore
from envybox.google.queries import MOST_COUNTED
from envybox.ports.store import Backlog, Record, Stored
from envybox.webhook import encode_raw
from tests.google.server import Api
from tests.google.store import (
    DATABASE,
    EVENTS,
    LONG,
    Counts,
    record_of,
    run,
    stored_document,
)
from tests.official import (
    GetDocumentRequest,
    RunQueryRequest,
    RunQueryResponse,
)
from tests.samples import NOON, event_of


def stored_of(record: Record) -> Stored:
    """Return what the store says of a record."""
    return Stored(
        id=record.event.id,
        account="default",
        received_at=record.event.received_at,
        raw=record.raw,
        published=False,
        attempts=0,
    )


def test_get() -> None:
    """An event comes back with all that is needed to publish it, and no more is fetched."""
    record, requests = record_of(), []

    async def get(data: bytes, _context: Any) -> Any:
        requests.append(GetDocumentRequest.FromString(data))
        return stored_document(record)

    async def scenario(store: FirestoreStore) -> None:
        assert stored_of(record) == await store.get(record.event.id, timeout=LONG)

    run(Api(GetDocument=get), scenario)
    assert [f"{EVENTS}/{record.event.id}"] == [request.name for request in requests]
    assert {"account", "received_at", "raw", "publish.state", "publish.attempts"} == set(
        requests[0].mask.field_paths
    )


def test_get_created_at() -> None:
    """When Firestore got an event is told beside when it was received."""
    made = stored_document(record_of())
    made.create_time.FromDatetime(NOON)

    async def get(_data: bytes, _context: Any) -> Any:
        return made

    async def scenario(store: FirestoreStore) -> None:
        stored = await store.get("f", timeout=LONG)
        assert stored is not None
        assert NOON == stored.created_at

    run(Api(GetDocument=get), scenario)


def test_get_published() -> None:
    """An event that was published, and how often that was tried, is told."""
    made = stored_document(record_of())
    publish = made.fields["publish"].map_value.fields
    publish["state"].string_value = "published"
    publish["attempts"].integer_value = 3

    async def get(_data: bytes, _context: Any) -> Any:
        return made

    async def scenario(store: FirestoreStore) -> None:
        stored = await store.get("f", timeout=LONG)
        assert stored is not None
        assert (True, 3) == (stored.published, stored.attempts)

    run(Api(GetDocument=get), scenario)


def test_get_compressed_raw() -> None:
    """A raw that was compressed comes back as it was."""
    fields = [("message", "x" * 600_000)]
    record = Record(event=event_of(fields), raw=encode_raw(fields), topic="a")

    async def get(_data: bytes, _context: Any) -> Any:
        return stored_document(record)

    async def scenario(store: FirestoreStore) -> None:
        stored = await store.get(record.event.id, timeout=LONG)
        assert stored is not None
        assert stored.raw == record.raw

    run(Api(GetDocument=get), scenario)


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED])
def test_get_fails(code: grpc.StatusCode) -> None:
    """An event that is not there is None; a store that does not say is an error."""

    async def get(_data: bytes, context: Any) -> None:
        await context.abort(code)

    async def scenario(store: FirestoreStore) -> None:
        if code is grpc.StatusCode.NOT_FOUND:
            assert await store.get("f", timeout=LONG) is None
        else:
            with pytest.raises(Unavailable, match=code.name):
                await store.get("f", timeout=LONG)

    run(Api(GetDocument=get), scenario)


def test_pending() -> None:
    """Pending events come oldest first, after the last one of the page before."""
    records, requests = [record_of("1"), record_of("2")], []

    async def query(data: bytes, _context: Any) -> Any:
        requests.append(RunQueryRequest.FromString(data))
        yield RunQueryResponse(document=stored_document(records[0]))
        yield RunQueryResponse(skipped_results=1)
        yield RunQueryResponse(document=stored_document(records[1]))

    async def scenario(store: FirestoreStore) -> None:
        first = stored_of(record_of("0"))
        for after in (None, first):
            assert [stored_of(record) for record in records] == await store.pending(
                before=NOON, after=after, limit=7, timeout=LONG
            )

    run(Api(RunQuery=query), scenario)
    assert [f"{DATABASE}/documents"] * 2 == [request.parent for request in requests]
    query_ = requests[1].structured_query
    assert ["events"] == [one.collection_id for one in query_.from_]
    assert 7 == query_.limit.value
    assert ["received_at", "__name__"] == [one.field.field_path for one in query_.order_by]
    state, received = [one.field_filter for one in query_.where.composite_filter.filters]
    assert ("publish.state", "pending") == (state.field.field_path, state.value.string_value)
    assert ("received_at", int(NOON.timestamp())) == (
        received.field.field_path,
        received.value.timestamp_value.seconds,
    )
    assert not query_.start_at.before
    cursor = query_.start_at.values
    assert NOON == datetime.fromtimestamp(0, UTC) + timedelta(
        seconds=cursor[0].timestamp_value.seconds,
        microseconds=cursor[0].timestamp_value.nanos // 1000,
    )
    assert f"{EVENTS}/{record_of('0').event.id}" == cursor[1].reference_value
    assert not requests[0].structured_query.HasField("start_at")


def test_pending_since() -> None:
    """With a lower bound the query begins there, the count's own look at the oldest too."""
    requests = []
    since = NOON - timedelta(days=1)

    async def query(data: bytes, _context: Any) -> Any:
        requests.append(RunQueryRequest.FromString(data))
        yield RunQueryResponse()

    async def scenario(store: FirestoreStore) -> None:
        await store.pending(since=since, before=NOON, after=None, limit=7, timeout=LONG)
        await store.backlog(since=since, timeout=LONG)

    run(Api(RunQuery=query), scenario)
    for request in requests:
        _, bound, _ = request.structured_query.where.composite_filter.filters
        assert ("received_at", 4) == (bound.field_filter.field.field_path, bound.field_filter.op)
        assert int(since.timestamp()) == bound.field_filter.value.timestamp_value.seconds
    assert 2 == len(requests)


AT_LEAST_ONE = Backlog(pending=1, at_least=True, oldest=NOON)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([3], Backlog(pending=3, oldest=NOON)),
        ([None, 3, None], Backlog(pending=3, oldest=NOON)),
        ([None], AT_LEAST_ONE),
        ([], AT_LEAST_ONE),
        ([0], Backlog(pending=0, oldest=None)),  # published since
        ([MOST_COUNTED], Backlog(pending=MOST_COUNTED, at_least=True, oldest=NOON)),
    ],
)
def test_backlog(answers: list[int | None], expected: Backlog) -> None:
    """The backlog is counted so far; what tells of progress alone is no count, least of all 0."""
    counts = Counts(*answers)

    async def scenario(store: FirestoreStore) -> None:
        assert expected == await store.backlog(timeout=LONG)

    run(counts.api, scenario)
    assert [1] == [one.structured_query.limit.value for one in counts.queries]
    (request,) = counts.requests
    counted = request.structured_aggregation_query
    (only,) = counted.structured_query.where.composite_filter.filters
    assert "publish.state" == only.field_filter.field.field_path
    assert [("pending", MOST_COUNTED)] == [
        (one.alias, one.count.up_to.value) for one in counted.aggregations
    ]


def test_no_backlog() -> None:
    """Where nothing is pending, nothing is counted."""
    counts = Counts(found=False)

    async def scenario(store: FirestoreStore) -> None:
        assert Backlog(pending=0, oldest=None) == await store.backlog(timeout=LONG)

    run(counts.api, scenario)
    assert [] == counts.requests


def test_a_count_that_fails() -> None:
    """A count that fails is no reason not to tell of the oldest."""
    counts = Counts(7)
    counts.fails = True

    async def scenario(store: FirestoreStore) -> None:
        assert AT_LEAST_ONE == await store.backlog(timeout=LONG)

    run(counts.api, scenario)


def test_a_count_that_takes_too_long() -> None:
    """Nor is one that does not come in time: it takes what finding the oldest left."""
    counts = Counts()

    async def never(_data: bytes, _context: Any) -> Any:
        await asyncio.Event().wait()
        yield None

    counts.api.methods["RunAggregationQuery"] = never

    async def scenario(store: FirestoreStore) -> None:
        await store.backlog(timeout=0.1)  # connects, and may take all of its time for it
        assert AT_LEAST_ONE == await store.backlog(timeout=0.5)

    run(counts.api, scenario)


def test_unreadable() -> None:
    """A query that fails is an error: nothing pending and no answer are not the same."""

    async def query(_data: bytes, context: Any) -> Any:
        yield RunQueryResponse()
        await context.abort(grpc.StatusCode.UNAVAILABLE)

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await store.pending(before=NOON, after=None, limit=1, timeout=LONG)
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await store.backlog(timeout=LONG)

    run(Api(RunQuery=query, RunAggregationQuery=query), scenario)
