"""What comes in, as it comes: one poller for all who look on, and a stream for each.

A stream loses nothing when it breaks: what is sent bears its place in the order of receipt,
and who comes back names the last one that he has. He is then sent all from a little before
that place, for what was received first is not always stored first; he passes by what he has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from itertools import islice

import msgspec
from starlette.concurrency import run_in_threadpool

from envybox.errors import EnvyboxError
from envybox.operator.console.desk import Desk
from envybox.operator.console.owed import Gauges, Owed
from envybox.ports.lookup import Filters, Found, decode_cursor, matches, scan

OVERLAP = timedelta(seconds=10)
"""How much later an event may be stored than one that was received after it.

The receiver answers within 3 s. What it spooled comes later than that: a new page shows it.
"""

CAUGHT_UP = 500
"""How many events a stream is sent of what it missed; after more, the page is to be loaded."""

PING_SECONDS = 15
GAUGE_SECONDS = 2.0

Item = Found | Gauges | None
"""An event, what is owed, or nothing, which is sent to find out who is gone."""


class Missed(Exception):
    """More came while the stream was away than it can be sent."""


class Feed:
    """The new events of a desk, for any number of streams; it looks only while there are any."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.owed = Owed(desk)
        self._queues: set[asyncio.Queue[Item]] = set()
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    async def listen(self, filters: Filters, after: str) -> AsyncGenerator[Item, None]:
        """Yield what matches and came after a cursor, and what is owed; None from time to time.

        Raises `Missed` where that is too much.
        """
        queue: asyncio.Queue[Item] = asyncio.Queue()
        self._queues.add(queue)  # before catching up: nothing falls between the two
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._poll())
            for found in await run_in_threadpool(self._caught_up, filters, after):
                yield found
            while not self._ended:
                item = await _next(queue)
                if not isinstance(item, Found) or matches(filters, item):
                    yield item
        finally:
            self._queues.discard(queue)
            if not self._queues and self._task is not None:
                self._task.cancel()
                self._task = None

    @property
    def idle(self) -> bool:
        """Whether nobody looks on, and so nothing is asked of the store."""
        return self._task is None

    def end(self) -> None:
        """End all streams: a server that stops waits for them."""
        self._ended = True
        self._tell(None)

    def _caught_up(self, filters: Filters, after: str) -> list[Found]:
        since = datetime.fromisoformat(decode_cursor(after)[0]) - OVERLAP
        since = max(since, filters.since or since)
        missed = scan(self._desk.lookup, msgspec.structs.replace(filters, since=since))
        found = list(islice(missed, CAUGHT_UP + 1))
        if len(found) > CAUGHT_UP:
            raise Missed
        return found[::-1]

    async def _poll(self) -> None:
        since: datetime | None = None
        seen: set[str] = set()
        first = True
        loop = asyncio.get_running_loop()
        owed_at = loop.time()
        while True:
            try:
                found = await run_in_threadpool(self._since, since)
                for one in found:
                    if not first and one.event.id not in seen:
                        self._tell(one)
                first = False
                seen = {one.event.id for one in found}
                since = max((one.event.received_at - OVERLAP for one in found), default=since)
                if loop.time() >= owed_at:
                    owed_at = loop.time() + GAUGE_SECONDS
                    self._tell(await run_in_threadpool(self.owed.now, wait=True))
            except EnvyboxError as error:
                self._tell(Gauges(trouble=str(error)))
            await asyncio.sleep(self._desk.poll_seconds)

    def _since(self, since: datetime | None) -> list[Found]:
        """Return what came since a time, the newest last; at first what there is near the end."""
        if since is None:  # by the newest event's own clock: this machine's may be wrong
            newest = self._desk.lookup.page(Filters(), limit=1).events
            since = newest[0].event.received_at - OVERLAP if newest else None
        return list(scan(self._desk.lookup, Filters(since=since)))[::-1]

    def _tell(self, item: Item) -> None:
        for queue in self._queues:
            queue.put_nowait(item)


async def _next(queue: asyncio.Queue[Item]) -> Item:
    try:
        async with asyncio.timeout(PING_SECONDS):
            return await queue.get()
    except TimeoutError:
        return None
