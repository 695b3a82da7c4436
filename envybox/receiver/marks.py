"""Marks on their way to the store: what was published, written down.

Nobody waits for a mark, and a lost one costs a repeated message. So it needs no call of its
own while there is company: it waits a moment for others, with which it shares one (the store
does that with what is written in one turn of the event loop), and for no longer than until
no webhook is under way any more, before the last one is answered: a function without
requests may get no CPU.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from envybox.ports.store import Mark

COMPANY_SECONDS = 0.02
"""How long a mark waits for others: about as long as a call to Firestore takes."""

_TURNS_TO_SEND = 6
"""How many turns of the event loop a mark takes from here to the wire (a test counts)."""


class Marks:
    """Keeps marks until they are sent. `write` writes one, and raises nothing."""

    def __init__(self, write: Callable[[Mark], Awaitable[object]]) -> None:
        self._write = write
        self._waiting: list[Mark] = []
        self._published: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, event_id: str) -> bool:
        """Whether an event was published, and its mark is not written yet."""
        return event_id in self._published

    def add(self, mark: Mark) -> None:
        """Take a mark, to be sent soon."""
        self._waiting.append(mark)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COMPANY_SECONDS, self._send)
        if mark.message_id is not None:
            self._published.add(mark.event_id)

    async def flush(self) -> None:
        """Send what waits; return when it, and what was sent just before, is on the wire."""
        if self._timer is not None:
            self._timer.cancel()
            self._send()
        for _ in range(_TURNS_TO_SEND if self._tasks else 0):
            await asyncio.sleep(0)

    def _send(self) -> None:
        """Send what waits, in the next turn of the event loop."""
        self._timer = None
        waiting, self._waiting = self._waiting, []
        for mark in waiting:
            task = asyncio.get_running_loop().create_task(self._sent(mark))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _sent(self, mark: Mark) -> None:
        try:
            await self._write(mark)
        finally:
            self._published.discard(mark.event_id)
