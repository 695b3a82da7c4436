"""A TCP proxy that holds back what is sent through it: a real region's distance.

    python -m bench.delay TARGET_PORT MILLISECONDS

Each direction's bytes stay in order; calls that share a connection are each delayed, not
queued behind each other. The way there is delayed, the way back is not, so a call takes
MILLISECONDS longer. Prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import sys


class _Side(asyncio.Protocol):
    """One of the two connections; what it receives goes to `other`, `delay` seconds later."""

    def __init__(self, delay: float, target: int | None = None) -> None:
        self._delay = delay
        self._target = target
        self._early: list[bytes] = []
        self.other: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if self._target is not None:
            asyncio.get_running_loop().create_task(self._connect(self._target))

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            self.other, back = await loop.create_connection(lambda: _Side(0), "127.0.0.1", port)
        except OSError:
            self._transport.abort()
            return
        back.other = self._transport
        for data in self._early:
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        elif self._delay:
            # The same delay for all: the loop runs them in the order in which they came.
            asyncio.get_running_loop().call_later(self._delay, self.other.write, data)
        else:
            self.other.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self.other is not None:
            asyncio.get_running_loop().call_later(self._delay, self.other.close)


async def _main() -> None:
    target, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Side(delay, target), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
