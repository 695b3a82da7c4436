"""End to end: from the POST of a webhook to a push subscriber's handler.

The emulator delivers by a clock, 50 to 100 ms after it took a message. So that more is seen than
the clock, what publishes speaks to a proxy here, which passes each call to the emulator and, when
that has taken the messages, pushes them at once.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any

import grpc

from bench import stand
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.webhooks import SMALL, form
from envybox.google.messages import PublishRequest

_PUBLISH = "/google.pubsub.v1.Publisher/Publish"
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
        with (
            stand.emulated() as backend,
            _subscriber() as subscriber,
            _pushing(backend.pubsub, subscriber) as pubsub,
            stand.server(stand.ENVYBOX, backend._replace(pubsub=pubsub)) as envybox,
            stand.server(stand.NAIVE, backend._replace(pubsub=pubsub)) as naive,
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


class _Pushing(grpc.GenericRpcHandler):
    """Passes Publish on, and pushes what was taken, each call's messages in turn."""

    def __init__(self, pubsub: str, subscriber: Subscriber) -> None:
        self._channel = grpc.insecure_channel(pubsub)
        self._publish = self._channel.unary_unary(_PUBLISH)
        self._subscriber = subscriber
        self._pushes = ThreadPoolExecutor(1)
        self._connection = http.client.HTTPConnection(subscriber.url.split("/")[2])

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        if handler_call_details.method != _PUBLISH:
            return None
        return grpc.unary_unary_rpc_method_handler(self._take)

    def _take(self, data: bytes, _context: grpc.ServicerContext) -> bytes:
        answer: bytes = self._publish(data)
        self._pushes.submit(self._push, data)
        return answer

    def _push(self, data: bytes) -> None:
        for message in PublishRequest.FromString(data).messages:
            envelope = {"message": {"data": b64encode(message.data).decode()}}
            self._connection.request("POST", "/", json.dumps(envelope))
            self._connection.getresponse().read()

    def close(self) -> None:
        self._pushes.shutdown()
        self._connection.close()
        self._channel.close()


@contextmanager
def _pushing(pubsub: str, subscriber: Subscriber) -> Iterator[str]:
    """Serve the proxy; yields its host and port."""
    handler = _Pushing(pubsub, subscriber)
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(1).wait()
        handler.close()
