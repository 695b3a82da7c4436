"""The load client: a process of its own that keeps connections busy with one body.

    python -m bench.client PORT CONNECTIONS SECONDS WARMUP [RATE] < body

Every connection sends its next request as soon as it has its answer. With a rate (requests a
second) it does not: requests come at random (Poisson), whether others are answered or not, as
those of senders who know nothing of each other. Their latency counts from when they came, be a
connection free or not. It speaks just enough HTTP/1.1 for that, on raw sockets: some 40 µs a
request, so that it is not what is measured. Prints a `Load` as JSON.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
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
    status: str = "200",
) -> Load:
    """Run the client in its own process; `rate` is of requests a second, 0 for all there may be.

    Raises where any answer has another status: what was not served is no figure.
    """
    arguments = [str(port), str(connections), str(seconds), str(warmup), str(rate)]
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
    def __init__(self, client: _Client) -> None:
        self._client = client
        self._received = b""
        self._came_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._client.free(self)

    def send(self, request: bytes, came_at: float) -> None:
        self._came_at = came_at
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
                self._client.answered(data[9:12], self._came_at)
                self._client.free(self)
                return
        self._received = data

    def connection_lost(self, _: Exception | None) -> None:
        self._client.lost()


class _Client:
    def __init__(self, port: int, body: bytes, connections: int, rate: float) -> None:
        self._port = port
        self._connections = connections
        self._rate = rate
        self._random = Random(0)  # the same times for each peer
        self._waiting: deque[float] = deque()  # requests that came and have no connection yet
        self._free: deque[_Connection] = deque()
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
        self._over = False
        self._lost = 0
        self._closed = asyncio.Event()

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

    def _request(self) -> bytes:
        self._number += 1
        return (b"%020d" % self._number).join(self._parts)

    def _come(self, at: float) -> None:
        """Let a request come that is due at this time (`loop.time`), and the next one after it."""
        if self._over:
            return
        loop = asyncio.get_running_loop()
        then = at + self._random.expovariate(self._rate)
        loop.call_at(then, self._come, then)
        came_at = time.perf_counter() - (loop.time() - at)
        if self._free:
            self._free.popleft().send(self._request(), came_at)
        else:
            self._waiting.append(came_at)

    def answered(self, status: bytes, came_at: float) -> None:
        self._latencies.append(time.perf_counter() - came_at)
        self._total += 1
        name = status.decode()
        self._statuses[name] = self._statuses.get(name, 0) + 1

    def lost(self) -> None:
        self._lost += 1
        if self._lost == self._connections:
            self._closed.set()

    async def run(self, seconds: float, warmup: float) -> Load:
        loop = asyncio.get_running_loop()
        for _ in range(self._connections):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        if self._rate:
            self._come(loop.time())
        await asyncio.sleep(warmup)
        self._latencies.clear()
        self._statuses.clear()
        started, cpu = time.perf_counter(), time.process_time()
        await until_answered(self._latencies, seconds)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        # What has no connection even now has waited for so long already.
        latencies = sorted([*self._latencies, *(time.perf_counter() - at for at in self._waiting)])
        statuses = dict(self._statuses)
        self._over = True
        for connection in self._free:
            connection.abort()
        async with asyncio.timeout(10):
            await self._closed.wait()

        def at(share: float) -> float:
            return round(latencies[int(share * (len(latencies) - 1))] * 1000, 3)

        return Load(self._total, len(latencies), took, statuses, at(0.5), at(0.9), at(0.99), cpu)


async def _main() -> None:
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    client = _Client(port, sys.stdin.buffer.read(), connections, float(sys.argv[5]))
    load = await client.run(float(sys.argv[3]), float(sys.argv[4]))
    os.write(1, msgspec.json.encode(load))


if __name__ == "__main__":
    asyncio.run(_main())
