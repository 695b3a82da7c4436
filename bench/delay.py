"""A TCP proxy that holds back what is sent through it: a real region's distance.

    python -m bench.delay TARGET_PORT MILLISECONDS

Each direction's bytes stay in order; calls that share a connection are each delayed, not
queued behind each other. The way there is delayed, the way back is not, so a call takes
MILLISECONDS longer. Prints the port that it listens on.

One bare epoll loop: on two cores, what the proxy takes is taken from what is measured.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque

_CHUNK = 1 << 18


class _Proxy:
    def __init__(self, target: int, delay: float) -> None:
        self._target = target
        self._delay = delay
        self._poll = select.epoll()
        self._others: dict[int, tuple[socket.socket, socket.socket, bool]] = {}
        # When to send what to whom; None: there is no more. One delay for all: in order.
        self._held: deque[tuple[float, socket.socket, bytes | None]] = deque()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._poll.register(self._listener, select.EPOLLIN)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            held = self._held
            wait = max(0.0, held[0][0] - time.monotonic()) if held else None
            for number, _ in self._poll.poll(wait):
                if number == self._listener.fileno():
                    self._accept()
                else:
                    self._read(number)
            now = time.monotonic()
            while held and held[0][0] <= now:
                _, there, data = held.popleft()
                self._send(there, data)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target))
        for here, there, delayed in ((near, far, True), (far, near, False)):
            here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._others[here.fileno()] = (here, there, delayed)
            self._poll.register(here, select.EPOLLIN)

    def _read(self, number: int) -> None:
        here, there, delayed = self._others[number]
        try:
            data = here.recv(_CHUNK) or None
        except OSError:
            data = None
        if data is None:
            self._poll.unregister(here)
        if delayed:
            self._held.append((time.monotonic() + self._delay, there, data))
        else:
            self._send(there, data)

    @staticmethod
    def _send(there: socket.socket, data: bytes | None) -> None:
        try:
            if data is None:
                there.shutdown(socket.SHUT_WR)
            else:
                there.sendall(data)  # blocks, should the other side not read
        except OSError:
            pass  # it is gone, and says so itself


def main() -> None:
    """Listen until killed."""
    proxy = _Proxy(int(sys.argv[1]), float(sys.argv[2]) / 1000)
    print(proxy.port, flush=True)
    proxy.run()


if __name__ == "__main__":
    main()
