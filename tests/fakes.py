"""The smallest store and publisher that keep the ports' promises, with faults to order."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from envybox.errors import BackendError
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark, Record, Stored


class FakeStore:
    """Holds events in a dict. `faults` are raised by the next calls of their method.

    `looks` are the lower bounds of the reads of what is pending, `read` how many events
    those have given.
    """

    def __init__(self) -> None:
        self.events: dict[str, Stored] = {}
        self.records: list[Record] = []
        self.marks: list[Mark] = []
        self.calls: list[str] = []
        self.faults: dict[str, list[BackendError]] = {}
        self.gate: asyncio.Event | None = None
        self.looks: list[datetime | None] = []
        self.read = 0

    async def create(self, record: Record, *, timeout: float) -> bool:
        await self._call("create", timeout)
        event = record.event
        if event.id in self.events:
            return False
        self.records.append(record)
        self.events[event.id] = Stored(
            id=event.id,
            account=event.account,
            received_at=event.received_at,
            raw=record.raw,
            published=False,
        )
        return True

    async def get(self, event_id: str, *, timeout: float) -> Stored | None:
        await self._call("get", timeout)
        return self.events.get(event_id)

    async def mark(self, mark: Mark, *, timeout: float) -> None:
        await self._call("mark", timeout)
        self.marks.append(mark)
        if mark.message_id and mark.event_id in self.events:
            stored = self.events[mark.event_id]
            self.events[mark.event_id] = msgspec.structs.replace(stored, published=True)

    async def pending(
        self,
        *,
        since: datetime | None = None,
        before: datetime,
        after: Stored | None,
        limit: int,
        timeout: float,
    ) -> list[Stored]:
        await self._call("pending", timeout)
        self.looks.append(since)
        start = (after.received_at, after.id) if after else None
        found = sorted(
            (event.received_at, event.id)
            for event in self.events.values()
            if not event.published and event.received_at < before
            if since is None or event.received_at >= since
        )
        page = [self.events[id_] for at, id_ in found if not start or (at, id_) > start][:limit]
        self.read += len(page)
        return page

    async def backlog(self, *, since: datetime | None = None, timeout: float) -> Backlog:
        await self._call("backlog", timeout)
        waiting = [
            event.received_at
            for event in self.events.values()
            if not event.published and (since is None or event.received_at >= since)
        ]
        return Backlog(pending=len(waiting), oldest=min(waiting, default=None))

    async def close(self) -> None:
        pass

    async def _call(self, method: str, timeout: float) -> None:
        assert timeout > 0
        self.calls.append(method)
        if self.gate is not None:
            await self.gate.wait()
        if self.faults.get(method):
            raise self.faults[method].pop(0)


class FakePublisher:
    """Keeps messages by topic. `faults` are raised by the next calls for their topic."""

    def __init__(self) -> None:
        self.messages: dict[str, list[Message]] = {}
        self.faults: dict[str, list[BackendError]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.calls = 0

    async def publish(self, topic: str, message: Message, *, timeout: float) -> str:
        assert timeout > 0
        self.calls += 1
        await asyncio.sleep(0)
        if topic in self.gates:
            await self.gates[topic].wait()
        if self.faults.get(topic):
            raise self.faults[topic].pop(0)
        self.messages.setdefault(topic, []).append(message)
        return str(self.calls)

    async def close(self) -> None:
        pass
