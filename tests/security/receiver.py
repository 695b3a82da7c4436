"""A running receiver, seen as an attacker sees it (a socket) and as its owner does."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.faults.function import Function

KEY = "fedcba9876543210fedcba9876543210"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Reply:
    """What came back on a connection, all of it. `status` 0: nothing did."""

    data: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status of the first answer."""
        match = _STATUS.match(self.data)
        return int(match[1]) if match else 0

    @property
    def body(self) -> bytes:
        """What follows the first answer's headers."""
        return self.data.partition(b"\r\n\r\n")[2]


class Receiver:
    """The webhook function on a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.function = Function(
            "webhook",
            {
                "ENVYBOX_KEYS": f"shop={KEY}",
                "ENVYBOX_BACKEND": "local",
                "ENVYBOX_LOCAL_PATH": str(path),
            },
        )

    def connect(self, seconds: float = 20) -> socket.socket:
        """Return a connection."""
        return socket.create_connection(("127.0.0.1", self.function.port), timeout=seconds)

    def raw(self, data: bytes, *, finish: bool = False, patience: float = 20) -> Reply:
        """Send bytes on a connection of their own and read until it is closed.

        `finish`: tell that no more will come. A connection that is broken off, or silent for
        `patience` seconds, counts with what came before.
        """
        started = time.monotonic()
        received = b""
        with self.connect(patience) as connection:
            try:
                connection.sendall(data)
                if finish:
                    connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    received += chunk
            except (ConnectionError, TimeoutError):
                pass
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Reply(received, time.monotonic() - started)

    def post(
        self,
        body: bytes,
        content_type: str | None = "application/x-www-form-urlencoded",
        *,
        target: str = "/",
        method: str = "POST",
        headers: tuple[str, ...] = (),
    ) -> Reply:
        """Send a request whose length is right, whatever else is not."""
        lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *headers]
        if content_type is not None:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        return self.raw(head + b"\r\n\r\n" + body)

    def memory(self) -> int:
        """Return the worker's memory in bytes (resident)."""
        status = Path(f"/proc/{self.function.worker}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match
        return int(match[1]) * 1024

    def peak(self) -> int:
        """Return the most memory that the worker ever had, in bytes."""
        status = Path(f"/proc/{self.function.worker}/status").read_text()
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match
        return int(match[1]) * 1024

    def kept(self) -> str:
        """Return all that was stored, published and logged, as one text."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT document, event, raw FROM events").fetchall()
            rows += db.execute("SELECT attributes, ordering_key, data FROM messages").fetchall()
        parts = [part.decode() if isinstance(part, bytes) else part for row in rows for part in row]
        return "\n".join([*parts, *self.function.log])
