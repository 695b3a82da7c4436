"""The load client: a process of its own that keeps connections busy with one body.

    python -m bench.client PORT CONNECTIONS SECONDS WARMUP RATE SEED < body

Every connection sends its next request as soon as it has its answer. With a rate (requests a
second; else 0) requests come at random (Poisson) instead, whether others are answered or not, as
those of senders who know nothing of each other. Their latency counts from when they came: one
for which there is no connection, nor may be another, waits. All that came are answered in the
end. It speaks just enough HTTP/1.1 for that, on raw sockets: some 40 µs a request, so that it is
not what is measured. Prints a `Load` as JSON.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from bench.webhooks import UNIQUE

ROOT = Path(__file__).parent.parent


class Load(msgspec.Struct):
    """What a run gave. Latencies are in ms, `cpu` is the client's own, in seconds.

    `total` counts the requests of the warm-up too, which are in no other figure.
    """

    total: int
    requests: int
    seconds: float
    statuses: dict[str, int]
    p50: float
    p90: float
    p99: float
    cpu: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def run(
    port: int,
    body: bytes,
    *,
    connections: int,
    seconds: float,
    warmup: float = 0.5,
    rate: float = 0,
    seed: int = 0,
    status: str = "200",
) -> Load:
    """Run the client in its own process. Of one seed all requests come at the same times.

    Raises where any answer has another status: what was not served is no figure.
    """
    arguments = [str(port), str(connections), str(seconds), str(warmup), str(rate), str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.client", *arguments],
        input=body,
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
    )
    load = msgspec.json.decode(done.stdout, type=Load)
    if set(load.statuses) != {status}:
        raise RuntimeError(f"expected answers of {status} alone: {load.statuses}")
    return load


async def until_answered(latencies: list[float], seconds: float) -> None:
    """Sleep for so long; on a busy machine until there is an answer, for at most 10 s more.

    Raises `SystemExit` where there is none even then.
    """
    await asyncio.sleep(seconds)
    for _ in range(1000):
        if latencies:
            return
        await asyncio.sleep(0.01)
    raise SystemExit("no answer in time")


class _Connection(asyncio.Protocol):
    came_at: float | None = None
    """When the request came that is under way."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._client.free(self)

    def send(self, request: bytes, came_at: float) -> None:
        self.came_at = came_at
        self._transport.write(request)

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        data = self._received + data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            # Only the case of the name differs between the servers.
            length = int(data[:end].lower().partition(b"content-length: ")[2].split(b"\r")[0])
            if len(data) >= end + 4 + length:
                self._received = b""
                self._client.answered(data[9:12], self.came_at)
                self.came_at = None
                self._client.free(self)
                return
        self._received = data

    def connection_lost(self, _: Exception | None) -> None:
        self._client.lost(self)


class _Client:
    def __init__(self, port: int, body: bytes, connections: int, rate: float, seed: int) -> None:
        self._port = port
        self._connections = connections
        self._rate = rate
        self._random = Random(seed)
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._parts = (head.encode() + body).split(UNIQUE.encode())
        self._number = time.time_ns()
        self._latencies: list[float] = []
        self._statuses: dict[str, int] = {}
        self._total = 0
        self._enough = False  # no more requests come
        self._over = False
        self._open = 0  # connections that there are, or soon will be
        self._free: list[_Connection] = []
        self._waiting: deque[float] = deque()  # requests that came, and have no connection yet
        self._came = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def free(self, connection: _Connection) -> None:
        """Give a connection its next request; it waits where there is none yet."""
        if self._over:
            connection.abort()
        elif not self._rate:
            connection.send(self._request(), time.perf_counter())
        elif self._waiting:
            connection.send(self._request(), self._waiting.popleft())
        else:
            self._free.append(connection)

    def answered(self, status: bytes, came_at: float) -> None:
        self._latencies.append(time.perf_counter() - came_at)
        self._total += 1
        name = status.decode()
        self._statuses[name] = self._statuses.get(name, 0) + 1

    def lost(self, connection: _Connection) -> None:
        """Take note of a connection that ended: a server may close one that nobody uses."""
        self._open -= 1
        if connection in self._free:
            self._free.remove(connection)
        elif not self._over and self._rate:  # just as it was used: the request goes again
            self._wait(connection.came_at)
        elif not self._over:
            self._statuses["lost"] = 1

    def _request(self) -> bytes:
        self._number += 1
        return (b"%020d" % self._number).join(self._parts)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)

    def _come(self, at: float) -> None:
        """Let a request come that is due at this time (`loop.time`), and the next one after it."""
        if self._enough:
            return
        loop = asyncio.get_running_loop()
        then = at + self._random.expovariate(self._rate)
        loop.call_at(then, self._come, then)
        self._came += 1
        self._wait(time.perf_counter() - (loop.time() - at))

    def _wait(self, came_at: float) -> None:
        """Send a request by the connection that was used last, so that few are, or by a new one."""
        if self._free:
            self._free.pop().send(self._request(), came_at)
            return
        self._waiting.append(came_at)
        if self._open < self._connections:
            self._open += 1
            task = asyncio.get_running_loop().create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self, seconds: float, warmup: float) -> Load:
        if self._rate:
            self._come(asyncio.get_running_loop().time())
        else:
            for _ in range(self._connections):
                self._open += 1
                await self._connect()
        await asyncio.sleep(warmup)
        self._latencies.clear()
        self._statuses.clear()
        started, cpu = time.perf_counter(), time.process_time()
        await until_answered(self._latencies, seconds)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        self._enough = True
        if self._rate:
            await self._until(lambda: self._total == self._came)
        latencies = sorted(self._latencies)
        statuses = dict(self._statuses)
        self._over = True
        for connection in self._free:
            connection.abort()
        await self._until(lambda: not self._open)

        def at(share: float) -> float:
            return round(latencies[int(share * (len(latencies) - 1))] * 1000, 3)

        return Load(self._total, len(latencies), took, statuses, at(0.5), at(0.9), at(0.99), cpu)

    @staticmethod
    async def _until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - nothing is measured any more
                await asyncio.sleep(0.01)


async def _main() -> None:
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    rate, seed = float(sys.argv[5]), int(sys.argv[6])
    client = _Client(port, sys.stdin.buffer.read(), connections, rate, seed)
    load = await client.run(float(sys.argv[3]), float(sys.argv[4]))
    os.write(1, msgspec.json.encode(load))


if __name__ == "__main__":
    asyncio.run(_main())
