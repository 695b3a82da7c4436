"""What a process of its own does to the file: `python -m tests.local.scenarios NAME PATH …`."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from envybox.errors import Unavailable
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from tests.local.support import NOW, opened, record

_MESSAGE = Message(data=b"{}", attributes={"type": "call.result"})


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # whole, or not at all


async def forever(path: Path, run: str) -> None:
    """Create, publish and mark events, eight at a time, and tell of each that is safe."""

    async def one(client: int, number: int) -> None:
        event_id = f"{run}-{client}-{number}"
        await backend.create(record(event_id, raw='["x"]' * (number % 700)), timeout=10)
        _say("created", event_id)
        message_id = await backend.publish("t", _MESSAGE, timeout=10)
        await backend.mark(Mark(event_id=event_id, message_id=message_id, at=NOW), timeout=10)
        _say("published", event_id)

    async def client(number: int) -> None:
        for n in range(10_000):
            await one(number, n)

    async with opened(path) as backend:
        await asyncio.gather(*(client(n) for n in range(8)))


async def create(path: Path, count: str) -> None:
    """Create the same events as the other processes do; tell of those that were new."""
    async with opened(path) as backend:
        for n in range(int(count)):
            if await backend.create(record(str(n)), timeout=30):
                _say(n)
            await backend.publish("t", _MESSAGE, timeout=30)


async def limited(path: Path) -> None:
    """Create events until the system refuses to let the file grow, then once it allows it."""
    async with opened(path) as backend:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
        stored = 0
        try:
            while await backend.create(record(str(stored), raw='["x"]' * 500), timeout=5):
                stored += 1
        except Unavailable as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            after = await backend.create(record("after"), timeout=5)
            _say(stored, error, after)


if __name__ == "__main__":
    scenarios: dict[str, Callable[..., Coroutine[object, object, None]]]
    scenarios = {"forever": forever, "create": create, "limited": limited}
    asyncio.run(scenarios[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
