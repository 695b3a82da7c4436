"""Marks on their way to the store: what was published, written down.

Nobody waits for a mark, and a lost one costs a repeated message. So it needs no call of its
own while there is company: it rides along with the next event that is stored (the store
shares a call among what is written in one turn of the event loop). It is sent at the latest
when no webhook is under way any more, before the last one is answered: a function without
requests may get no CPU.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from envybox.store import Mark

_TURNS_TO_SEND = 6
"""How many turns of the event loop a mark takes from here to the wire (a test counts)."""


class Marks:
    """Keeps marks until they are sent. `write` writes one, and raises nothing."""

    def __init__(self, write: Callable[[Mark], Awaitable[object]]) -> None:
        self._write = write
        self._waiting: list[Mark] = []
        self._published: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, event_id: str) -> bool:
        """Whether an event was published, and its mark is not written yet."""
        return event_id in self._published

    def add(self, mark: Mark) -> None:
        """Take a mark."""
        self._waiting.append(mark)
        if mark.message_id is not None:
            self._published.add(mark.event_id)

    def send(self) -> None:
        """Send what waits, in the next turn of the event loop."""
        waiting, self._waiting = self._waiting, []
        for mark in waiting:
            task = asyncio.get_running_loop().create_task(self._send(mark))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Send what waits; return when it is on the wire."""
        if self._waiting:
            self.send()
            for _ in range(_TURNS_TO_SEND):
                await asyncio.sleep(0)

    async def _send(self, mark: Mark) -> None:
        try:
            await self._write(mark)
        finally:
            self._published.discard(mark.event_id)
