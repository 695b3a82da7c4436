"""Calls in flight together share one: the batcher.

Alone, an item goes out at once. While as many calls are under way as may be, what comes
waits for the next of them to end and then goes out in one call. Nothing ever waits for
company, and each item has its own outcome and its own time limit. Two of the same key never
share a call: the later one leaves with the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from envybox.errors import BackendError, Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(NamedTuple, Generic[Item, Result]):
    item: Item
    key: str
    size: int
    deadline: float
    outcome: asyncio.Future[Result]


class Batcher(Generic[Item, Result]):
    """Sends items together.

    `send` takes items and a time limit in seconds, and returns for each its result or its
    error, in order; what it raises is the error of all. At most `parallel` calls are under
    way at a time, each with at most `max_items` items of together `max_bytes`.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item], float], Awaitable[Sequence[Result | BackendError]]],
        *,
        max_items: int,
        max_bytes: int,
        parallel: int,
    ) -> None:
        self._send = send
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._free = parallel
        self._queue: deque[_Waiting[Item, Result]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, item: Item, *, key: str, size: int, timeout: float) -> Result:
        """Send the item and return its result.

        `key` tells what the item is about, `size` is in bytes. Raises the item's own error,
        `Unavailable` after `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Result] = loop.create_future()
        self._queue.append(_Waiting(item, key, size, loop.time() + timeout, outcome))
        if self._free and len(self._queue) == 1:
            # Not now, but after all that is ready to run: it may have items too.
            loop.call_soon(self._start)
        timer = loop.call_later(timeout, _expire, outcome)
        try:
            return await outcome
        finally:
            timer.cancel()

    def _start(self) -> None:
        while self._free and self._queue:
            if batch := self._next():
                self._free -= 1
                task = asyncio.get_running_loop().create_task(self._run(batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _next(self) -> list[_Waiting[Item, Result]]:
        """Take from the queue what goes out in one call."""
        batch: list[_Waiting[Item, Result]] = []
        keys: set[str] = set()
        size = 0
        while self._queue and len(batch) < self._max_items:
            waiting = self._queue[0]
            size += waiting.size
            if batch and (size > self._max_bytes or waiting.key in keys):
                break
            self._queue.popleft()
            if not waiting.outcome.done():  # its time was up before it could be sent
                batch.append(waiting)
                keys.add(waiting.key)
        return batch

    async def _run(self, batch: list[_Waiting[Item, Result]]) -> None:
        left = max(waiting.deadline for waiting in batch) - asyncio.get_running_loop().time()
        outcomes: Sequence[Result | Exception]
        try:
            outcomes = await self._send([waiting.item for waiting in batch], left)
        except Exception as error:  # noqa: BLE001 # whatever it is, nobody is left waiting
            outcomes = [error] * len(batch)
        finally:
            self._free += 1
            self._start()
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.outcome.done():
                continue
            if isinstance(outcome, Exception):
                waiting.outcome.set_exception(outcome)
            else:
                waiting.outcome.set_result(outcome)


def _expire(outcome: asyncio.Future[Any]) -> None:
    if not outcome.done():
        outcome.set_exception(Unavailable("DEADLINE_EXCEEDED"))
