from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from envybox.errors import CallRefused, Rejected, Unavailable
from envybox.google import document
from envybox.google.channel import Channel
from envybox.google.credentials import CREDENTIALS_SECONDS, Google
from envybox.google.firestore import FirestoreStore
from envybox.google.messages import (
    BatchWriteRequest,
    BatchWriteResponse,
    GetDocumentRequest,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from envybox.google.queries import MOST_COUNTED
from envybox.ports.store import Backlog, Mark, Record, Stored
from envybox.webhook import encode_raw
from tests.google.default import Default
from tests.google.server import Api, serving
from tests.samples import HELP_PAGE, NOON, event_of

DATABASE = "projects/example/databases/(default)"
EVENTS = f"{DATABASE}/documents/events"
LONG = 20.0

Scenario = Callable[[FirestoreStore], Coroutine[Any, Any, None]]


def record_of(call_id: str = "1") -> Record:
    """Return the record of an event of its own."""
    fields = [*HELP_PAGE, ("call_id", call_id), ("new_field", "x")]
    return Record(event=event_of(fields), raw=encode_raw(fields), topic="envybox-call-result")


def run(api: Api, scenario: Scenario) -> None:
    """Run a scenario with a store that speaks to an API."""

    async def main() -> None:
        async with serving(api) as address:
            store = FirestoreStore(Channel(Google("example"), "", address), "(default)", "events")
            try:
                async with asyncio.timeout(3 * LONG):
                    await scenario(store)
            finally:
                await store.close()

    asyncio.run(main())


class Writes:
    """Firestore's BatchWrite: keeps what it is sent, and answers each write with a status.

    `statuses` are by the last part of the document's name. A call that holds one of
    `invalid`, or two writes of a document, is refused as a whole, which is what Firestore does.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.statuses: dict[str, int] = {}
        self.invalid: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.api = Api(BatchWrite=self.answer)

    @property
    def batches(self) -> list[list[str]]:
        """The ids that each call wrote."""
        return [[self._id(write) for write in request.writes] for request in self.requests]

    @staticmethod
    def _id(write: Any) -> str:
        assert write.update.name.startswith(f"{EVENTS}/")
        return str(write.update.name.removeprefix(f"{EVENTS}/"))

    async def answer(self, data: bytes, context: Any) -> Any:
        request = BatchWriteRequest.FromString(data)
        self.requests.append(request)
        await self.gate.wait()
        ids = [self._id(write) for write in request.writes]
        if self.invalid.intersection(ids) or len(set(ids)) < len(ids):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT)
        response = BatchWriteResponse()
        for id_ in ids:
            missing = id_ == "control"
            response.status.add(code=self.statuses.get(id_, 5 if missing else 0))
        return response


# create


def test_create() -> None:
    """An event is one write of its document, on condition that there is none of its name."""
    writes, record = Writes(), record_of()

    async def scenario(store: FirestoreStore) -> None:
        assert await store.create(record, timeout=LONG) is True

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert document.build(record, f"{EVENTS}/{record.event.id}") == write.update
    assert write.current_document.WhichOneof("condition_type") == "exists"
    assert not write.current_document.exists
    assert not write.HasField("update_mask")
    assert [DATABASE] == [request.database for request in writes.requests]
    assert writes.api.paths == ["/google.firestore.v1.Firestore/BatchWrite"]


def test_create_existing() -> None:
    """An event that is there is left alone."""
    writes, record = Writes(), record_of()
    writes.statuses[record.event.id] = 6

    async def scenario(store: FirestoreStore) -> None:
        assert await store.create(record, timeout=LONG) is False

    run(writes.api, scenario)


@pytest.mark.parametrize(("status", "name"), [(8, "RESOURCE_EXHAUSTED"), (10, "ABORTED")])
def test_create_fails(status: int, name: str) -> None:
    """A write's own failure is its error, and is not tried again in secret."""
    writes, record = Writes(), record_of()
    writes.statuses[record.event.id] = status

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable, match=name):
            await store.create(record, timeout=LONG)

    run(writes.api, scenario)
    assert 1 == len(writes.requests)


def test_batch() -> None:
    """Events that are in flight together share calls, and each has its own outcome."""
    writes = Writes()
    records = [record_of(str(number)) for number in range(10)]
    ids = [record.event.id for record in records]
    writes.statuses = {ids[3]: 6, ids[4]: 8}

    async def scenario(store: FirestoreStore) -> None:
        outcomes = await asyncio.gather(
            *(store.create(record, timeout=LONG) for record in records), return_exceptions=True
        )
        assert [True] * 3 + [False] == outcomes[:4]
        assert isinstance(outcomes[4], Unavailable)
        assert [True] * 5 == outcomes[5:]

    run(writes.api, scenario)
    assert [ids] == writes.batches


def test_one_write_a_document() -> None:
    """Writes of one document never share a call, in which Firestore takes one of each."""
    writes, record = Writes(), record_of()
    mark = Mark(event_id=record.event.id, message_id="1", at=datetime.now(UTC))

    async def scenario(store: FirestoreStore) -> None:
        await asyncio.gather(
            store.create(record, timeout=LONG),
            store.mark(mark, timeout=LONG),
            store.create(record, timeout=LONG),
        )

    run(writes.api, scenario)
    assert [[record.event.id]] * 3 == writes.batches


@pytest.mark.parametrize("by", ["call", "status"])
def test_bare(by: str) -> None:
    """An event whose document is refused is stored without what may be the reason."""
    writes, record = Writes(), record_of()

    async def answer(data: bytes, context: Any) -> Any:
        (write,) = BatchWriteRequest.FromString(data).writes
        refused = "new_field" in write.update.fields["extra"].map_value.fields
        writes.invalid = {record.event.id} if refused and by == "call" else set()
        writes.statuses = {record.event.id: 3} if refused else {}
        return await writes.answer(data, context)

    writes.api.methods["BatchWrite"] = answer

    async def scenario(store: FirestoreStore) -> None:
        assert await store.create(record, timeout=LONG) is True

    run(writes.api, scenario)
    assert 2 == len(writes.requests)
    bare = document.build_bare(record, f"{EVENTS}/{record.event.id}")
    assert bare == writes.requests[1].writes[0].update


@pytest.mark.parametrize("by", ["call", "status"])
def test_refused_alone(by: str) -> None:
    """An event that is refused in any form, while the control is taken, is rejected for good."""
    writes, record = Writes(), record_of()
    writes.invalid = {record.event.id} if by == "call" else set()
    writes.statuses = {record.event.id: 3}

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Rejected, match="INVALID_ARGUMENT"):
            await store.create(record, timeout=LONG)

    run(writes.api, scenario)
    ids = [record.event.id]
    assert [ids, ids, ["control"], ids, ["control"]] == writes.batches
    (control,) = writes.requests[2].writes
    assert control.current_document.exists, "it writes nothing"


@pytest.mark.parametrize("more", ["taken", "refused again, as is the control"])
def test_refused_by_a_fault_that_ends(more: str) -> None:
    """A fault that ends between the event's refusal and the control costs no event."""
    writes, record = Writes(), record_of()
    api, faults = Api(), [3, 3, 5, 0] if more == "taken" else [3, 3, 5, 3, 3]

    async def answer(data: bytes, context: Any) -> Any:
        id_ = record.event.id if len(writes.requests) in (0, 1, 3) else "control"
        writes.statuses[id_] = faults[len(writes.requests)]
        return await writes.answer(data, context)

    api.methods["BatchWrite"] = answer

    async def scenario(store: FirestoreStore) -> None:
        if more == "taken":
            assert await store.create(record, timeout=LONG) is True
        else:
            with pytest.raises(Unavailable):
                await store.create(record, timeout=LONG)

    run(api, scenario)


@pytest.mark.parametrize("by", ["call", "status"])
def test_refused_like_any_other(by: str) -> None:
    """Where the control is refused too it is an outage, whatever the calls are refused for."""
    writes, record = Writes(), record_of()
    writes.invalid = {record.event.id, "control"} if by == "call" else set()
    writes.statuses = {record.event.id: 3, "control": 3}

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable, match="INVALID_ARGUMENT"):
            await store.create(record, timeout=LONG)

    run(writes.api, scenario)


def test_refused_and_then_no_answer() -> None:
    """A control that is not answered proves nothing: the event is not rejected."""
    writes, record = Writes(), record_of()
    writes.statuses = {record.event.id: 3, "control": 14}

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable):
            await store.create(record, timeout=LONG)

    run(writes.api, scenario)


@pytest.mark.parametrize("code", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED])
def test_a_database_that_refuses(code: grpc.StatusCode) -> None:
    """A missing database or grant is an outage, found out by one call."""
    api = Api()

    async def answer(_data: bytes, context: Any) -> None:
        await context.abort(code)

    api.methods["BatchWrite"] = answer

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(CallRefused, match=code.name):
            await store.create(record_of(), timeout=LONG)

    run(api, scenario)
    assert 1 == len(api.paths)


def test_shared_call_refused() -> None:
    """One event that is refused costs its company nothing: each write goes again alone."""
    writes = Writes()
    records = [record_of(str(number)) for number in range(5)]
    ids = [record.event.id for record in records]
    writes.invalid = {ids[2]}
    writes.statuses = {ids[1]: 6}

    async def scenario(store: FirestoreStore) -> None:
        outcomes = await asyncio.gather(
            *(store.create(record, timeout=LONG) for record in records), return_exceptions=True
        )
        assert [True, False] == outcomes[:2]
        assert isinstance(outcomes[2], Rejected)
        assert [True, True] == outcomes[3:]

    run(writes.api, scenario)
    assert ids == writes.batches[0]
    assert sorted([[id_] for id_ in ids]) == sorted(writes.batches[1:6])
    alone = [ids[2]]
    assert [alone, ["control"], alone, ["control"]] == writes.batches[6:], "the bare document"


def test_shared_call_refused_then_failures() -> None:
    """A write that fails when it goes alone has its own error, and the others their outcomes."""
    writes = Writes()
    records = [record_of(str(number)) for number in range(3)]
    ids = [record.event.id for record in records]

    async def answer(data: bytes, context: Any) -> Any:
        names = [write.update.name for write in BatchWriteRequest.FromString(data).writes]
        if len(names) > 1:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT)
        if names[0].endswith(ids[1]):
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED)
        return await writes.answer(data, context)

    async def scenario(store: FirestoreStore) -> None:
        outcomes = await asyncio.gather(
            *(store.create(record, timeout=LONG) for record in records), return_exceptions=True
        )
        assert [True, True] == [outcomes[0], outcomes[2]]
        assert "Unavailable('RESOURCE_EXHAUSTED')" == repr(outcomes[1])

    writes.api.methods["BatchWrite"] = answer
    run(writes.api, scenario)


def test_shared_call_refused_then_silence() -> None:
    """A backend that falls silent while writes go alone holds up their time, and no longer."""
    writes = Writes()
    halves = [[record_of(f"{half} {number}") for number in range(20)] for half in "ab"]
    writes.invalid = {half[0].event.id for half in halves}
    later = record_of("later")

    async def scenario(store: FirestoreStore) -> None:
        shared = asyncio.Event()

        async def answer(data: bytes, context: Any) -> Any:
            (first, *others) = BatchWriteRequest.FromString(data).writes
            if others:
                shared.set()
            elif not first.update.name.endswith(later.event.id):
                await asyncio.Event().wait()
            return await writes.answer(data, context)

        writes.api.methods["BatchWrite"] = answer
        waiting = []
        for half in halves:  # each a call of its own
            waiting += [asyncio.create_task(store.create(one, timeout=0.5)) for one in half]
            await shared.wait()
            shared.clear()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert ["DEADLINE_EXCEEDED"] * 40 == [str(outcome) for outcome in outcomes]
        assert await store.create(later, timeout=2) is True

    run(writes.api, scenario)


def test_time_limit() -> None:
    """A store that does not answer is given up in time, the bare document included."""
    writes, record = Writes(), record_of()
    writes.gate.clear()

    async def scenario(store: FirestoreStore) -> None:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
            await store.create(record, timeout=0.1)
        assert time.monotonic() - started < LONG / 2

    run(writes.api, scenario)


# mark


def test_mark_published() -> None:
    """A mark changes what tells of publishing, counts the attempt, and creates nothing."""
    writes = Writes()
    at = datetime(2026, 11, 22, 12, 0, 1, 5000, tzinfo=UTC)

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id="42", at=at), timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    publish = write.update.fields["publish"].map_value.fields
    assert ["publish"] == list(write.update.fields)
    assert ("published", "42") == (
        publish["state"].string_value,
        publish["message_id"].string_value,
    )
    assert at.timestamp() == (
        publish["published_at"].timestamp_value.seconds
        + publish["published_at"].timestamp_value.nanos / 1e9
    )
    assert {"publish.state", "publish.message_id", "publish.published_at"} == set(
        write.update_mask.field_paths
    )
    assert write.current_document.exists
    (transform,) = write.update_transforms
    assert ("publish.attempts", 1) == (transform.field_path, transform.increment.integer_value)


def test_mark_with_an_end() -> None:
    """The end of the retention is written with what tells of publishing, and no earlier."""
    writes = Writes()
    mark = Mark(event_id="f", message_id="42", at=NOON, expire_at=NOON + timedelta(days=30))

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(mark, timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert "expire_at" in write.update_mask.field_paths
    assert mark.expire_at is not None
    assert int(mark.expire_at.timestamp()) == (
        write.update.fields["expire_at"].timestamp_value.seconds
    )


def test_mark_failed() -> None:
    """A failed attempt is counted, and nothing else changes."""
    writes = Writes()

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id=None, at=NOON), timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert ({}, []) == (dict(write.update.fields), list(write.update_mask.field_paths))
    assert write.HasField("update_mask"), "without a mask the document would be emptied"
    assert write.current_document.exists
    assert ["publish.attempts"] == [one.field_path for one in write.update_transforms]


def test_mark_missing() -> None:
    """An event that is not there any more is left alone."""
    writes = Writes()
    writes.statuses["f"] = 5

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id="42", at=NOON), timeout=LONG)

    run(writes.api, scenario)


def test_mark_fails() -> None:
    """A mark that could not be written says so."""
    writes = Writes()
    writes.statuses["f"] = 14

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await store.mark(Mark(event_id="f", message_id="42", at=NOON), timeout=LONG)

    run(writes.api, scenario)


# get, pending, backlog


def stored_document(record: Record) -> Any:
    """Return the document as Firestore would give it back."""
    return document.build(record, f"{EVENTS}/{record.event.id}")


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


class Counts:
    """Firestore's RunQuery and RunAggregationQuery: one that is pending, and `answers`."""

    def __init__(self, *answers: int | None, found: bool = True) -> None:
        self.answers = answers
        self.found = found
        self.fails = False
        self.requests: list[Any] = []
        self.queries: list[Any] = []
        self.api = Api(RunAggregationQuery=self.aggregate, RunQuery=self.query)

    async def aggregate(self, data: bytes, context: Any) -> Any:
        self.requests.append(RunAggregationQueryRequest.FromString(data))
        for count in self.answers:
            response = RunAggregationQueryResponse()
            response.read_time.seconds = 1
            if count is not None:
                response.result.aggregate_fields["pending"].integer_value = count
            yield response
        if self.fails:
            await context.abort(grpc.StatusCode.UNAVAILABLE)

    async def query(self, data: bytes, _context: Any) -> Any:
        self.queries.append(RunQueryRequest.FromString(data))
        yield RunQueryResponse(document=stored_document(record_of()) if self.found else None)


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


# What every call has


@pytest.mark.parametrize("database", ["(default)", "envybox-eu"])
def test_headers(database: str) -> None:
    """Every call names its database in the two headers by which Google finds it, as it wants."""
    counts = Counts(0)

    async def get(_data: bytes, _context: Any) -> Any:
        return stored_document(record_of())

    async def write(_data: bytes, _context: Any) -> Any:
        response = BatchWriteResponse()
        response.status.add()
        return response

    counts.api.methods |= {"GetDocument": get, "BatchWrite": write}

    async def main() -> None:
        async with serving(counts.api) as address:
            store = FirestoreStore(Channel(Google("example"), "", address), database, "events")
            await store.create(record_of(), timeout=LONG)
            await store.mark(Mark(event_id="f", message_id="1", at=NOON), timeout=LONG)
            await store.get("f", timeout=LONG)
            await store.backlog(timeout=LONG)
            await store.close()

    asyncio.run(main())
    escaped = database.replace("(", "%28").replace(")", "%29")
    assert ["BatchWrite", "BatchWrite", "GetDocument", "RunQuery", "RunAggregationQuery"] == [
        path.rpartition("/")[2] for path in counts.api.paths
    ]
    for metadata in counts.api.metadata:
        assert f"project_id=example&database_id={escaped}" == metadata["x-goog-request-params"]
        prefix = f"projects/example/databases/{database}"
        assert prefix == metadata["google-cloud-resource-prefix"]


@pytest.mark.parametrize("method", ["create", "get", "mark", "pending", "backlog"])
def test_asking_for_the_project_is_the_calls_time(default: Default, method: str) -> None:
    """Where the runtime has to be asked for the project, and is slow, a call ends in time."""
    default.gate.clear()
    arguments: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "create": ((record_of(),), {}),
        "get": (("f",), {}),
        "mark": ((Mark(event_id="f", message_id="1", at=NOON),), {}),
        "pending": ((), {"before": NOON, "after": None, "limit": 1}),
        "backlog": ((), {}),
    }
    positional, named = arguments[method]

    async def main() -> None:
        store = FirestoreStore(Channel(Google(""), "192.0.2.1:443", ""), "(default)", "events")
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
            await getattr(store, method)(*positional, **named, timeout=0.05)
        assert time.monotonic() - started < CREDENTIALS_SECONDS / 2
        default.gate.set()
        await store.close()

    asyncio.run(main())


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
