from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from envybox.errors import CallRefused, Rejected, Unavailable
from envybox.google import document
from envybox.google.firestore import FirestoreStore
from tests.google.server import Api
from tests.google.store import (
    EVENTS,
    LONG,
    Writes,
    record_of,
    run,
)
from tests.official import (
    BatchWriteRequest,
    Document,
)


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
    bare = document.build_bare(record, f"{EVENTS}/{record.event.id}", Document())
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
