"""A store that speaks to an API of these tests, and a record for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import grpc

from envybox.google import document
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.ports.store import Record
from envybox.webhook import encode_raw
from tests.google.server import Api, serving
from tests.official import (
    BatchWriteRequest,
    BatchWriteResponse,
    Document,
    RunAggregationQueryRequest,
    RunAggregationQueryResponse,
    RunQueryRequest,
    RunQueryResponse,
)
from tests.samples import HELP_PAGE, event_of

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


# get, pending, backlog


def stored_document(record: Record) -> Any:
    """Return the document as Firestore would give it back."""
    return document.build(record, f"{EVENTS}/{record.event.id}", Document())


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
