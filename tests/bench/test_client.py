from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench import client
from bench.webhooks import SMALL, form

ANSWER_SECONDS = 0.05


class Slow(BaseHTTPRequestHandler):
    """Takes a while for each answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer 200."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(ANSWER_SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def slow() -> Iterator[int]:
    """Serve it; yields its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_at_random() -> None:
    """What comes at random waits for no other's answer, and its wait for a connection counts."""
    with slow() as port:
        few, many = (
            client.run(port, form(SMALL), connections=number, seconds=1, warmup=0, rate=100)
            for number in (1, 64)
        )
        in_turn = client.run(port, form(SMALL), connections=1, seconds=1, warmup=0)
    # One connection takes 20 a second at most: most of 100 wait, the longer the later they came.
    assert few.requests > 2 * in_turn.requests
    assert few.p90 > 4 * ANSWER_SECONDS * 1000
    assert few.p50 > many.p50
    assert min(many.p50, in_turn.p50) > ANSWER_SECONDS * 1000
