"""The thread that does the SQLite work, so that the event loop never waits for the disk.

Calls that come while a transaction is being written share the next one: the disk is
asked once for all of them. A call that comes alone is done at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from envybox.errors import Unavailable
from envybox.local.session import READ, WRITE, Call, Session, meaning, settle

T = TypeVar("T")

RETRY_SECONDS = 0.01
"""How long to listen for new calls between two tries at a file that is held."""

_Queue = SimpleQueue[Call | None]


class Worker:
    """Runs calls in one thread, which comes with the first of them.

    It may be made before a fork, and called from several threads and event loops.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._queue: _Queue = SimpleQueue()

    async def read(self, work: Callable[[sqlite3.Connection], T], seconds: float) -> T:
        """Run work that only reads; another process that writes does not hold it up."""
        return await self._run(work, READ, seconds)

    async def write(self, work: Callable[[sqlite3.Connection], T], seconds: float) -> T:
        """Run work that writes, and return when it is on the disk."""
        return await self._run(work, WRITE, seconds)

    async def close(self) -> None:
        """Finish what was asked, close the file and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._queue.put(None)
            self._queue = SimpleQueue()
        await asyncio.to_thread(thread.join)

    async def _run(self, work: Callable[[sqlite3.Connection], T], begin: str, seconds: float) -> T:
        future: Future[T] = Future()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_serve, args=(self._path, self._queue), name="sqlite", daemon=True
                )
                self._thread.start()
            self._queue.put(Call(work, begin, future))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise Unavailable("DEADLINE_EXCEEDED") from error


def _serve(path: str, queue: _Queue) -> None:
    session = Session(path)
    waiting: list[Call] = []
    closing = False
    while not closing:
        for call in _take(queue, RETRY_SECONDS if waiting else None):
            if call is None:
                closing = True
            else:
                waiting.append(call)
        try:
            waiting = session.run(waiting)
        except Exception as error:  # noqa: BLE001 - a defect: it must not be the end of all calls
            for call in waiting:
                settle(call, error=meaning(error))
            waiting = []
            with contextlib.suppress(sqlite3.Error):
                session.close()
    for call in waiting:
        settle(call, error=Unavailable("SQLITE_BUSY"))
    session.close()


def _take(queue: _Queue, patience: float | None) -> list[Call | None]:
    """Return all that is in the queue; where it is empty, wait for the first."""
    taken = []
    with contextlib.suppress(Empty):
        taken.append(queue.get(timeout=patience))
        while True:
            taken.append(queue.get_nowait())
    return taken
