from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from envybox.errors import Unavailable
from envybox.google.channel import Channel
from envybox.google.credentials import CREDENTIALS_SECONDS, Google
from envybox.google.firestore import FirestoreStore
from envybox.ports.store import Mark
from tests.google.default import Default
from tests.google.server import serving
from tests.google.store import (
    DATABASE,
    LONG,
    Counts,
    Writes,
    record_of,
    run,
    stored_document,
)
from tests.official import (
    BatchWriteResponse,
)
from tests.samples import NOON

# create


def test_create() -> None:
    """An event is one write of its document, on condition that there is none of its name."""
    writes, record = Writes(), record_of()

    async def scenario(store: FirestoreStore) -> None:
        assert await store.create(record, timeout=LONG) is True

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert stored_document(record) == write.update
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
