"""The store on Firestore."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from envybox.errors import BackendError, InvalidCall, NotFound, Rejected
from envybox.google import document
from envybox.google.batch import Batcher
from envybox.google.channel import Channel, routing, status_error
from envybox.google.credentials import Headers
from envybox.google.messages import (
    BatchWriteRequest,
    BatchWriteResponse,
    Document,
    GetDocumentRequest,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from envybox.google.values import fill
from envybox.ports.store import Backlog, Mark, Record, Stored

_SERVICE = "/google.firestore.v1.Firestore/"
_INVALID_ARGUMENT = 3
_NOT_FOUND = 5
_ALREADY_EXISTS = 6
_CONTROL = "control"  # no event's id
_STORED_FIELDS = ("account", "received_at", "raw", "publish.state", "publish.attempts")
_ASCENDING = 1
_EQUAL = 5
_LESS_THAN = 1
_AT_LEAST = 4
_COUNT = "pending"
MOST_COUNTED = 10_000
"""How far the backlog is counted: ten reads' price, and soon done. More is told as `at_least`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FirestoreStore:
    """Events as documents of one collection; see `envybox.ports.store.Store`."""

    def __init__(self, channel: Channel, database: str, collection: str) -> None:
        self._channel = channel
        self._database_id = database
        self._collection = collection
        # Known once the project is: see `_begin`.
        self._database = self._documents = ""
        self._headers: Headers = ()
        # Six calls at a time: with fewer a write waits longer for its turn than for its
        # answer, with more the batches get smaller. A call may have 500 writes and 10 MiB;
        # Google's own bulk writers send 20, for the slowest holds up the others.
        self._creates: Batcher[bytes, int] = Batcher(
            self._batch_write, max_items=20, max_bytes=4_000_000, parallel=6
        )
        # Marks, which nobody waits for, have calls of their own: an event that shared one would
        # have to wait for them. None waits for its turn: the receiver wants it on the wire.
        self._marks: Batcher[bytes, int] = Batcher(
            self._batch_write, max_items=500, max_bytes=4_000_000, parallel=100
        )

    async def create(self, record: Record, *, timeout: float) -> bool:
        """Store the event as pending; see the port.

        What is refused goes again as a bare document. Where that is refused too, the control
        tells whose fault it is: the event's, or what any other would be refused for. It is the
        event's where the refusal stands between two controls that are taken, for a fault may
        end, or begin, between two calls.
        """
        timeout = await self._begin(timeout)
        stop_at = time.monotonic() + timeout
        try:
            return await self._create(document.build, record, timeout)
        except (Rejected, InvalidCall):
            pass
        try:
            return await self._create(document.build_bare, record, _left(stop_at))
        except (Rejected, InvalidCall) as error:
            await self._blame(error, _left(stop_at))
        try:
            return await self._create(document.build_bare, record, _left(stop_at))
        except (Rejected, InvalidCall) as error:
            await self._blame(error, _left(stop_at))
            raise Rejected(str(error)) from error

    async def _create(
        self, build: Callable[[Record, str, Any], Any], record: Record, timeout: float
    ) -> bool:
        request = BatchWriteRequest()
        write = request.writes.add()
        build(record, self._name(record.event.id), write.update)
        write.current_document.exists = False
        status = await self._write(self._creates, record.event.id, request, timeout)
        if status == _INVALID_ARGUMENT:  # this write's own, in a call that was taken
            raise Rejected("INVALID_ARGUMENT")
        if status not in (0, _ALREADY_EXISTS):
            raise status_error(status)
        return status == 0

    async def _blame(self, error: BackendError, timeout: float) -> None:
        """Send the control. Raises `InvalidCall`, with this error, where it is not taken either."""
        request = BatchWriteRequest()
        document.fill_control(request.writes.add(), self._name(_CONTROL))
        outcome = await self._alone(request.SerializeToString(), timeout)
        if outcome not in (0, _NOT_FOUND):
            raise InvalidCall(str(error)) from error

    async def get(self, event_id: str, *, timeout: float) -> Stored | None:
        """Return the event of this id, None where there is none."""
        timeout = await self._begin(timeout)
        request = GetDocumentRequest(name=self._name(event_id))
        request.mask.field_paths.extend(_STORED_FIELDS)
        try:
            found = await self._channel.unary(
                _SERVICE + "GetDocument",
                request,
                Document,
                headers=self._headers,
                timeout=timeout,
            )
        except NotFound:
            return None
        return _stored(found)

    async def mark(self, mark: Mark, *, timeout: float) -> None:
        """Write the outcome of an attempt to publish; see the port."""
        timeout = await self._begin(timeout)
        request = BatchWriteRequest()
        write = request.writes.add()
        write.update.name = self._name(mark.event_id)
        document.fill_mark(write, mark)
        status = await self._write(self._marks, mark.event_id, request, timeout)
        if status not in (0, _NOT_FOUND):
            raise status_error(status)

    async def pending(
        self,
        *,
        since: datetime | None = None,
        before: datetime,
        after: Stored | None,
        limit: int,
        timeout: float,
    ) -> list[Stored]:
        """Return pending events, oldest first; see the port."""
        timeout = await self._begin(timeout)
        request = RunQueryRequest(parent=self._documents)
        query = request.structured_query
        for path in _STORED_FIELDS:
            query.select.fields.add(field_path=path)
        self._where_pending(query, since=since, before=before)
        for path in ("received_at", "__name__"):
            query.order_by.add(direction=_ASCENDING).field.field_path = path
        query.limit.value = limit
        if after is not None:
            query.start_at.before = False
            fill(query.start_at.values.add(), after.received_at)
            query.start_at.values.add().reference_value = self._name(after.id)
        responses = await self._channel.stream(
            _SERVICE + "RunQuery",
            request,
            RunQueryResponse,
            headers=self._headers,
            timeout=timeout,
        )
        return [_stored(answer.document) for answer in responses if answer.HasField("document")]

    async def backlog(self, *, since: datetime | None = None, timeout: float) -> Backlog:
        """Return how much is pending, whatever its age.

        A count that fails, or takes too long, leaves it at the one that was found.
        """
        stop_at = time.monotonic() + timeout
        far = datetime.max.replace(tzinfo=UTC)
        oldest = await self.pending(since=since, before=far, after=None, limit=1, timeout=timeout)
        if not oldest:  # as nearly always: nothing to count
            return Backlog(pending=0, oldest=None)
        try:
            pending = await self._count(since=since, timeout=_left(stop_at))
        except BackendError:
            pending = None
        if pending is None:  # the oldest one is there all the same
            return Backlog(pending=1, at_least=True, oldest=oldest[0].received_at)
        return Backlog(
            pending=pending,
            at_least=pending >= MOST_COUNTED,
            oldest=oldest[0].received_at if pending else None,
        )

    async def _count(self, *, since: datetime | None, timeout: float) -> int | None:
        """Return how many are pending, `MOST_COUNTED` at most; None where it was not said."""
        request = RunAggregationQueryRequest(parent=self._documents)
        aggregation = request.structured_aggregation_query
        self._where_pending(aggregation.structured_query, since=since)
        aggregation.aggregations.add(alias=_COUNT).count.up_to.value = MOST_COUNTED
        responses = await self._channel.stream(
            _SERVICE + "RunAggregationQuery",
            request,
            RunAggregationQueryResponse,
            headers=self._headers,
            timeout=timeout,
        )
        # Those without a result tell of partial progress.
        results = [answer.result for answer in responses if answer.HasField("result")]
        return results[-1].aggregate_fields[_COUNT].integer_value if results else None

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def _write(
        self, batcher: Batcher[bytes, int], event_id: str, request: Any, timeout: float
    ) -> int:
        """Send a BatchWriteRequest of one write; return its status.

        It may share a call with others, of other documents: BatchWrite takes one of each.
        """
        part = request.SerializeToString()
        return await batcher.add(part, key=event_id, size=len(part), timeout=timeout)

    async def _batch_write(
        self, parts: Sequence[bytes], timeout: float
    ) -> Sequence[int | BackendError]:
        """Send writes, each on its own; return each one's status number or error.

        Each comes as a serialized request of its own. What protobuf reads from serialized
        messages in a row is their merger: here, one request with all of the writes.
        """
        head = BatchWriteRequest(database=self._database)
        try:
            response = await self._channel.unary(
                _SERVICE + "BatchWrite",
                b"".join((head.SerializeToString(), *parts)),
                BatchWriteResponse,
                headers=self._headers,
                timeout=timeout,
            )
        except InvalidCall as error:
            if len(parts) == 1:
                return [error]
            # One that is invalid fails the call for all: each has to go alone. Not one after
            # the other: where the store falls silent now, each would wait for its whole time.
            return await asyncio.gather(*(self._alone(part, timeout) for part in parts))
        return [status.code for status in response.status]

    async def _alone(self, part: bytes, timeout: float) -> int | BackendError:
        try:
            (outcome,) = await self._batch_write([part], timeout)
        except BackendError as error:
            return error
        return outcome

    def _where_pending(
        self, query: Any, *, since: datetime | None = None, before: datetime | None = None
    ) -> None:
        query.from_.add(collection_id=self._collection)
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

    async def _begin(self, timeout: float) -> float:
        """Wait until the project is known, and with it all names; return the time that is left.

        The resource's own name as the header by which Google finds the database, as the
        generated clients send it, is refused where the database is a named one; so is a call
        whose headers name another database.
        https://firebase.google.com/docs/firestore/manage-databases
        """
        if not self._headers:
            timeout = await self._channel.ready(timeout)
            project = await self._channel.project()
            self._database = f"projects/{project}/databases/{self._database_id}"
            self._documents = f"{self._database}/documents"
            self._headers = (
                *routing(project_id=project, database_id=self._database_id),
                ("google-cloud-resource-prefix", self._database),
            )
        return timeout

    def _name(self, event_id: str) -> str:
        return f"{self._documents}/{self._collection}/{event_id}"


def _left(stop_at: float) -> float:
    return max(0.001, stop_at - time.monotonic())


def _time(timestamp: Any) -> datetime:
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)


def _stored(found: Any) -> Stored:
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
