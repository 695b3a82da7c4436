from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.errors import BackendError, Rejected, Unavailable
from envybox.google.batch import Batcher

LONG = 60.0
SHORT = 0.02


class Backend:
    """What batches are sent to. Each call waits for `gate`, where it is closed."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.timeouts: list[float] = []
        self.errors: dict[int, BackendError] = {}
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.most_at_once = 0
        self._at_once = 0

    async def send(self, items: Sequence[int], timeout: float) -> list[int | BackendError]:
        self.calls.append(list(items))
        self.timeouts.append(timeout)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self.gate.wait()
        finally:
            self._at_once -= 1
        if self.failure is not None:
            raise self.failure
        return [self.errors.get(item, item * 10) for item in items]


def batcher(
    backend: Backend, *, max_items: int = 100, max_bytes: int = 1000, parallel: int = 1
) -> Batcher[int, int]:
    """Return a batcher to a backend."""
    return Batcher(backend.send, max_items=max_items, max_bytes=max_bytes, parallel=parallel)


def put(
    batch: Batcher[int, int],
    item: int,
    *,
    key: str | None = None,
    size: int = 1,
    timeout: float = LONG,
) -> Coroutine[Any, Any, int]:
    """Add an item, by default under a key of its own."""
    return batch.add(item, key=key or str(item), size=size, timeout=timeout)


async def turns(count: int = 10) -> None:
    """Let all that is ready to run do so."""
    for _ in range(count):
        await asyncio.sleep(0)


def start(call: Coroutine[Any, Any, int]) -> asyncio.Task[int]:
    """Begin a call."""
    return asyncio.get_running_loop().create_task(call)


def test_alone() -> None:
    """An item that is alone goes out at once, and its result comes back."""

    async def scenario() -> None:
        backend = Backend()
        assert await put(batcher(backend), 7) == 70
        assert backend.calls == [[7]]
        assert LONG - 1 < backend.timeouts[0] <= LONG

    asyncio.run(scenario())


def test_one_after_the_other() -> None:
    """Items that come when nothing is under way wait for no company."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend)
        for item in range(3):
            await put(batch, item)
        assert backend.calls == [[0], [1], [2]]

    asyncio.run(scenario())


def test_together() -> None:
    """Items that are ready in the same turn of the loop share one call; each has its result."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend, parallel=5)
        results = await asyncio.gather(*(put(batch, item) for item in range(10)))
        assert [item * 10 for item in range(10)] == results
        assert backend.calls == [list(range(10))]

    asyncio.run(scenario())


def test_same_key() -> None:
    """Items of one key go out in different calls, in their order."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend, parallel=5)
        keys = "abacb"
        results = await asyncio.gather(
            *(put(batch, item, key=key) for item, key in enumerate(keys))
        )
        assert [item * 10 for item in range(5)] == results
        assert backend.calls == [[0, 1], [2, 3, 4]]

    asyncio.run(scenario())


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_shares_the_next_call(parallel: int) -> None:
    """While all calls are under way what comes waits, and then goes out in one."""

    async def scenario() -> None:
        backend = Backend()
        backend.gate.clear()
        batch = batcher(backend, parallel=parallel)
        tasks = []
        for item in range(6):
            tasks.append(start(put(batch, item)))
            await turns()
        assert backend.calls == [[item] for item in range(parallel)]
        backend.gate.set()
        assert [item * 10 for item in range(6)] == await asyncio.gather(*tasks)
        assert [list(range(parallel, 6))] == backend.calls[parallel:]
        assert parallel == backend.most_at_once

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        ([1] * 5, [[0, 1, 2], [3, 4]]),
        ([5, 5, 1], [[0, 1], [2]]),
        ([11, 11, 1], [[0], [1], [2]]),
        ([4, 11, 4], [[0], [1], [2]]),
        ([10, 1], [[0], [1]]),
    ],
)
def test_limits(sizes: list[int], calls: list[list[int]]) -> None:
    """A call takes three items of together ten bytes here; one that is larger goes alone."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend, max_items=3, max_bytes=10)
        await asyncio.gather(*(put(batch, item, size=size) for item, size in enumerate(sizes)))
        assert calls == backend.calls

    asyncio.run(scenario())


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 3)), max_size=30),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_each_once(arrivals: list[tuple[int, int]], max_items: int, parallel: int) -> None:
    """However items come, each is sent once, in order, within the limits, and gets its own."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend, max_items=max_items, max_bytes=20, parallel=parallel)
        tasks = []
        for item, (size, pause) in enumerate(arrivals):
            tasks.append(start(put(batch, item, size=size)))
            await turns(pause)
        assert [item * 10 for item in range(len(arrivals))] == await asyncio.gather(*tasks)
        assert list(range(len(arrivals))) == [item for call in backend.calls for item in call]
        assert backend.most_at_once <= parallel
        for call in backend.calls:
            assert len(call) <= max_items
            assert len(call) == 1 or sum(arrivals[item][0] for item in call) <= 20

    asyncio.run(scenario())


def test_own_error() -> None:
    """An item's error is its own: its company has its results."""

    async def scenario() -> None:
        backend = Backend()
        backend.errors[1] = Rejected("INVALID_ARGUMENT")
        batch = batcher(backend)
        outcomes = await asyncio.gather(
            *(put(batch, item) for item in range(3)), return_exceptions=True
        )
        assert [0, backend.errors[1], 20] == outcomes
        assert backend.calls == [[0, 1, 2]]

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [Unavailable("UNAVAILABLE"), KeyError("a defect")])
def test_error_of_all(error: Exception) -> None:
    """What the call raises is the error of all that it carried; the next call is made."""

    async def scenario() -> None:
        backend = Backend()
        backend.failure = error
        batch = batcher(backend)
        outcomes = await asyncio.gather(
            *(put(batch, item) for item in range(2)), return_exceptions=True
        )
        assert [backend.failure] * 2 == outcomes
        backend.failure = None
        assert await put(batch, 3) == 30

    asyncio.run(scenario())


def test_time_limit_in_flight() -> None:
    """An item whose call does not end is given up in time; what follows goes out after it."""

    async def scenario() -> None:
        backend = Backend()
        backend.gate.clear()
        batch = batcher(backend)
        with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
            await put(batch, 1, timeout=SHORT)
        following = start(put(batch, 2))
        await turns()
        assert backend.calls == [[1]]
        backend.gate.set()
        assert await following == 20

    asyncio.run(scenario())


def test_answered_when_the_time_is_up() -> None:
    """An answer that is there when the time is up counts: a loop that was held is no reason."""

    async def scenario() -> list[str]:
        complaints: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context["message"])
        )
        backend = Backend()
        backend.gate.clear()
        call = start(put(batcher(backend), 1, timeout=0.5))
        await turns()
        backend.gate.set()
        time.sleep(0.6)  # noqa: ASYNC251 # the loop is held past the time limit
        assert 10 == await call
        return complaints

    assert [] == asyncio.run(scenario())


def test_time_limit_in_the_queue() -> None:
    """An item whose time is up before it could be sent never is."""

    async def scenario() -> None:
        backend = Backend()
        backend.gate.clear()
        batch = batcher(backend)
        first = start(put(batch, 1))
        await turns()
        with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
            await put(batch, 2, timeout=SHORT)
        third = start(put(batch, 3))
        await turns()
        backend.gate.set()
        assert [10, 30] == [await first, await third]
        assert backend.calls == [[1], [3]]

    asyncio.run(scenario())


def test_nothing_left_to_send() -> None:
    """Where all that waited has given up no empty call is made."""

    async def scenario() -> None:
        backend = Backend()
        backend.gate.clear()
        batch = batcher(backend)
        first = start(put(batch, 1))
        await turns()
        with pytest.raises(Unavailable):
            await put(batch, 2, timeout=SHORT)
        backend.gate.set()
        await first
        await turns()
        assert backend.calls == [[1]]
        assert await put(batch, 3) == 30

    asyncio.run(scenario())


def test_cancelled() -> None:
    """A caller that goes away leaves nothing behind, be its item sent or not."""

    async def scenario() -> None:
        backend = Backend()
        backend.gate.clear()
        batch = batcher(backend)
        sent, waiting = (start(put(batch, item)) for item in (1, 2))
        await turns()
        late = start(put(batch, 3))
        await turns()
        for task in (sent, waiting, late):
            task.cancel()
        await asyncio.gather(sent, waiting, late, return_exceptions=True)
        backend.gate.set()
        assert await put(batch, 4) == 40
        assert backend.calls == [[1, 2], [4]]

    asyncio.run(scenario())


def test_longest_time_limit() -> None:
    """A call may take as long as the most patient of its items would wait."""

    async def scenario() -> None:
        backend = Backend()
        batch = batcher(backend)
        await asyncio.gather(put(batch, 1, timeout=5), put(batch, 2))
        assert LONG - 1 < backend.timeouts[0] <= LONG

    asyncio.run(scenario())
