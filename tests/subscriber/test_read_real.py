"""`read_event` and the real thing: the framework, the emulators, the official clients."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from envybox import Event, read_event
from envybox.receiver import message
from envybox.testing import PushRequest, push, sample
from envybox.tools import emulators
from envybox.tools.children import framework
from tests.tools.support import clean_environ, eventually

FUNCTIONS = Path(__file__).with_name("functions.py")
EVENT = sample("call.info", visitor={"name": "Анна 🙂"})
REPLAYED = f"{EVENT.id}#may"
CE_ID = EVENT.id
PROJECT = "demo-subscriber"


class Served:
    """A function of `functions.py`, served by functions-framework."""

    def __init__(self, target: str, folder: Path) -> None:
        self.log = folder / f"{target}.log"
        self.port = emulators.free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        command = framework(target, self.port, FUNCTIONS)
        asgi = ["--asgi"] if target.startswith("aio") else []
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, *asgi], env=clean_environ(), stdout=log, stderr=log
            )
        eventually(self._answers, target)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            httpx.get(self.url, trust_env=False)
            return True
        return False

    def post(self, request: PushRequest) -> tuple[int, Any]:
        """Post a push; return the status, and what the function told of it."""
        answer = httpx.post(
            self.url, content=request.body, headers=request.headers, timeout=30, trust_env=False
        )
        lines = [answer.text, *self.log.read_text().splitlines()[::-1]]
        told = next((json.loads(line) for line in lines if line.startswith('["')), None)
        return answer.status_code, told

    def stop(self) -> None:
        """End."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The function of that name."""
    running = Served(request.param, tmp_path)
    try:
        yield running
    finally:
        running.stop()


def _push(*, wrap: bool) -> PushRequest:
    return push(EVENT, wrap=wrap, replay="may", again=True)


@pytest.mark.parametrize("served", ["http", "aio_http"], indirect=True)
def test_http_functions(served: Served) -> None:
    """An HTTP function, synchronous or not, has all of a push, wrapped or not."""
    for wrap in (True, False):
        assert (200, [EVENT.id, REPLAYED, CE_ID]) == served.post(_push(wrap=wrap))


@pytest.mark.parametrize("served", ["cloud_event"], indirect=True)
def test_cloud_event_functions(served: Served) -> None:
    """So has one of CloudEvents where it is wrapped; unwrapped, it is not told of a replay."""
    assert (200, [EVENT.id, REPLAYED, CE_ID]) == served.post(_push(wrap=True))
    assert (200, [EVENT.id, EVENT.id, CE_ID]) == served.post(_push(wrap=False))


@pytest.mark.parametrize("served", ["aio_cloud_event"], indirect=True)
def test_asynchronous_cloud_event_functions(served: Served) -> None:
    """The framework refuses a wrapped push itself, before any code of the function's is run."""
    assert (400, None) == served.post(_push(wrap=True))
    assert (200, [EVENT.id, EVENT.id, CE_ID]) == served.post(_push(wrap=False))


@contextlib.contextmanager
def _listening(count: int) -> Iterator[tuple[str, list[tuple[str, bytes, dict[str, str]]]]]:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    got: list[tuple[str, bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, body, dict(self.headers)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
        eventually(lambda: len(got) >= count, "pushes")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def pubsub(hosts: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A Pub/Sub emulator."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", hosts[1])
    return hosts[1]


def _put(host: str, resource: str, body: dict[str, Any]) -> None:
    url = f"http://{host}/v1/projects/{PROJECT}/{resource}"
    httpx.put(url, json=body, trust_env=False).raise_for_status()


def _check(event: Event) -> None:
    published = message.of_event(EVENT).attributes
    attributes = dict(event.delivery.attributes)
    for name in ("event_id", "ce-id", "ce-source", "site"):
        assert published[name] == attributes[name]
    assert (EVENT, REPLAYED, True) == (event, event.key, event.replay_again)
    assert event.delivery.message_id


@pytest.mark.emulator
def test_emulator(pubsub: str) -> None:
    """What the official clients publish to and pull from, and what it pushes, is read."""
    from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

    topic = f"projects/{PROJECT}/topics/events"
    published = message.of_event(EVENT)
    with _listening(3) as (url, got):
        _put(pubsub, "topics/events", {})
        _put(pubsub, "topics/dead", {})
        dead = {
            "deadLetterPolicy": {
                "deadLetterTopic": f"projects/{PROJECT}/topics/dead",
                "maxDeliveryAttempts": 5,
            }
        }
        for path, config in {
            "wrapped": {},
            "headers": {"noWrapper": {"writeMetadata": True}},
            "bare": {"noWrapper": {}},
        }.items():
            endpoint = {"pushConfig": {"pushEndpoint": f"{url}/{path}", **config}}
            _put(pubsub, f"subscriptions/{path}", {"topic": topic, **endpoint})
        _put(pubsub, "subscriptions/pulled", {"topic": topic, **dead})
        publisher = PublisherClient()
        attributes = {**published.attributes, "replay": "may", "replay-again": "1"}
        publisher.publish(topic, published.data, **attributes).result(30)
        publisher.stop()

    for path, body, headers in got:
        if path == "/bare":
            assert EVENT == read_event(body, headers)
        else:
            _check(read_event(body, headers))
    assert {"/wrapped", "/headers", "/bare"} == {path for path, _, _ in got}

    name = f"projects/{PROJECT}/subscriptions/pulled"
    with SubscriberClient() as client:
        (received,) = client.pull(subscription=name, max_messages=1, timeout=30).received_messages
        _check(read_event(received))
        _check(read_event(received.message))
        assert 1 == read_event(received).delivery.attempt
        acks = [received.ack_id]
        client.modify_ack_deadline(subscription=name, ack_ids=acks, ack_deadline_seconds=0)
        streamed: list[Any] = []
        future = client.subscribe(name, lambda it: (streamed.append(it), it.ack()))
        eventually(lambda: bool(streamed), "a streamed message")
        future.cancel()
        future.result(30)
    _check(read_event(streamed[0]))
    assert 2 == read_event(streamed[0]).delivery.attempt


def test_eventarc() -> None:
    """What Eventarc sends (CloudEvents' binary mode, Pub/Sub's message within) is read."""
    body = json.loads(_push(wrap=True).body)
    _check(read_event(SimpleNamespace(get_attributes=lambda: {"id": "1"}, data=body)))
