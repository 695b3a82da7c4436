"""The store on Firestore."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from envybox.errors import BackendError, InvalidCall, NotFound, Rejected
from envybox.google import document, queries
from envybox.google.batch import Batcher
from envybox.google.channel import Channel, routing, status_error
from envybox.google.credentials import Headers
from envybox.google.messages import (
    BatchWriteRequest,
    BatchWriteResponse,
    Document,
    RunAggregationQueryResponse,
    RunQueryResponse,
)
from envybox.ports.store import Backlog, Mark, Record, Stored

_SERVICE = "/google.firestore.v1.Firestore/"
_INVALID_ARGUMENT = 3
_NOT_FOUND = 5
_ALREADY_EXISTS = 6
_CONTROL = "control"  # no event's id


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
        request = queries.one(self._name(event_id))
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
        return queries.stored(found)

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
        request = queries.pending(
            self._documents,
            self._collection,
            since=since,
            before=before,
            after=after,
            limit=limit,
        )
        responses = await self._channel.stream(
            _SERVICE + "RunQuery",
            request,
            RunQueryResponse,
            headers=self._headers,
            timeout=timeout,
        )
        return [
            queries.stored(answer.document) for answer in responses if answer.HasField("document")
        ]

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
            at_least=pending >= queries.MOST_COUNTED,
            oldest=oldest[0].received_at if pending else None,
        )

    async def _count(self, *, since: datetime | None, timeout: float) -> int | None:
        request = queries.count(self._documents, self._collection, since=since)
        responses = await self._channel.stream(
            _SERVICE + "RunAggregationQuery",
            request,
            RunAggregationQueryResponse,
            headers=self._headers,
            timeout=timeout,
        )
        return queries.counted(responses)

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
