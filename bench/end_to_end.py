"""End to end: from the POST of a webhook to a push subscriber's handler."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median

from bench import stand
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.webhooks import SMALL, form
from envybox.tools import emulators
from envybox.types import topic_of

_TOPIC = topic_of("envybox-", "call.result")
_PATIENCE_SECONDS = 30


class Subscriber:
    """Takes pushes, and notes when each message came, by the event's id."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._came: dict[str, float] = {}
        self._condition = threading.Condition()

    def take(self, body: bytes) -> None:
        """Note a message."""
        now = time.perf_counter()
        event = json.loads(b64decode(json.loads(body)["message"]["data"]))
        with self._condition:
            self._came[event["id"]] = now
            self._condition.notify_all()

    def came(self, event_id: str) -> float:
        """Return when a message came, or will have come."""
        with self._condition:
            if not self._condition.wait_for(lambda: event_id in self._came, _PATIENCE_SECONDS):
                raise RuntimeError(f"event {event_id} was not pushed")
            return self._came[event_id]


def measure(effort: Effort) -> list[Figure]:
    """Measure it, one webhook after the other."""
    samples: Samples = defaultdict(list)
    for _ in range(effort.rounds):
        with stand.emulated() as backend, _subscriber() as subscriber:
            emulators.create_push_subscription(
                backend.pubsub, stand.PROJECT, "bench", _TOPIC, subscriber.url
            )
            with (
                stand.server(stand.ENVYBOX, backend) as envybox,
                stand.server(stand.NAIVE, backend) as naive,
            ):
                servers = {"envybox": envybox, "naive": naive}
                for name, server in servers.items():
                    _run(defaultdict(list), name, server, subscriber, effort.warmup)
                runs = [
                    partial(_run, samples, name, server, subscriber, effort.seconds)
                    for name, server in servers.items()
                ]
                there_and_back(runs, effort)
    name = "from the POST to the subscriber, p50"
    return [figure(samples, name, "ms", "envybox", "naive", goal=0.5)]


def _run(
    samples: Samples, name: str, server: stand.Server, subscriber: Subscriber, seconds: float
) -> None:
    took = []
    stop_at = time.perf_counter() + seconds
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    while not took or time.perf_counter() < stop_at:
        body = form(SMALL, unique=f"{time.time_ns():020}")
        started = time.perf_counter()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/", body, headers)
        event_id = json.loads(connection.getresponse().read())["id"]
        took.append((subscriber.came(event_id) - started) * 1000)
    connection.close()
    samples[name].append(median(took))


@contextmanager
def _subscriber() -> Iterator[Subscriber]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            subscriber.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        subscriber = Subscriber(f"http://127.0.0.1:{server.server_port}/")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield subscriber
        finally:
            server.shutdown()
