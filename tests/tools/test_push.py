from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envybox.local.subscriptions import Delivery, Subscription
from envybox.ports.publish import Message
from envybox.tools import push as push_module
from envybox.tools.emulators import LOOPBACK, free_port
from envybox.tools.push import Dispatcher, Push, envelope, post
from tests.local.support import opened, query
from tests.tools.support import Subscriber, eventually, subscriber

TOPIC = "envybox-call-result"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(push_module, "LONGEST_PAUSE", 0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "envybox.db"


def _publish(path: Path, *event_ids: str) -> None:
    async def publish() -> None:
        async with opened(path) as backend:
            for event_id in event_ids:
                message = Message(data=b"{}", attributes={"event_id": event_id})
                await backend.publish(TOPIC, message, timeout=10)

    asyncio.run(publish())


@contextlib.contextmanager
def _dispatching(
    path: Path, url: str, report: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    dispatcher = Dispatcher(str(path), Push(TOPIC, url), "test", report)
    try:
        yield
    finally:
        dispatcher.stop()


def _event(body: dict[str, Any]) -> str:
    event_id: str = body["message"]["attributes"]["event_id"]
    return event_id


def _settled(path: Path) -> bool:
    return [(0,)] == query(path, "SELECT count(*) FROM deliveries")


def test_delivers(path: Path) -> None:
    """Each message is posted once to an endpoint that takes it."""
    ids = [str(n) for n in range(40)]
    with subscriber() as listening, _dispatching(path, listening.url):
        _publish(path, *ids)
        eventually(lambda: len(listening.received) >= len(ids) and _settled(path))
        assert sorted(ids) == sorted(listening.events())


def test_envelope() -> None:
    """The request's body is the one of Pub/Sub's push, names in both spellings."""
    delivery = Delivery(
        sequence=7,
        message_id="7",
        attempts=0,
        published_at="2026-11-22T06:46:00.000000Z",
        message=Message(data=b"\xff{}", attributes={"type": "call.result"}, ordering_key="60"),
    )
    assert {
        "message": {
            "data": base64.b64encode(b"\xff{}").decode(),
            "attributes": {"type": "call.result"},
            "messageId": "7",
            "message_id": "7",
            "publishTime": "2026-11-22T06:46:00.000000Z",
            "publish_time": "2026-11-22T06:46:00.000000Z",
            "orderingKey": "60",
        },
        "subscription": "projects/local/subscriptions/leads",
    } == json.loads(envelope(delivery, "leads"))


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_tried_again(path: Path, status: int) -> None:
    """An answer other than 2xx, a redirect too, is no acknowledgement; 2xx ends it."""
    with subscriber() as listening, _dispatching(path, listening.url):
        listening.answer = lambda _: status if len(listening.received) < 3 else 201
        _publish(path, "a")
        eventually(lambda: bool(listening.received) and _settled(path))
        assert ["a"] * 3 == listening.events()


def test_failing_one_holds_up_nobody(path: Path) -> None:
    """A message that fails for ever comes again and again while the others pass it."""
    others = [str(n) for n in range(3 * push_module.PARALLEL)]
    with subscriber() as listening, _dispatching(path, listening.url):
        listening.answer = lambda body: 500 if _event(body) == "bad" else 200
        _publish(path, "bad", *others)
        eventually(lambda: set(others) <= set(listening.events()))
        eventually(lambda: listening.events().count("bad") > 2)
        eventually(lambda: [("bad",)] == _waiting(path))


def _waiting(path: Path) -> list[tuple[Any, ...]]:
    return query(
        path,
        "SELECT json_extract(attributes, '$.event_id') FROM deliveries"
        " JOIN messages USING (sequence)",
    )


def test_hanging_one_holds_up_nobody(path: Path) -> None:
    """While one request gets no answer, the others are delivered."""
    answer = threading.Event()

    def hang(body: dict[str, Any]) -> int:
        if _event(body) == "slow":
            answer.wait(30)
        return 200

    with subscriber() as listening, _dispatching(path, listening.url):
        listening.answer = hang
        _publish(path, "slow", "a", "b")
        eventually(lambda: {"a", "b"} <= set(listening.events()))
        eventually(lambda: [("slow",)] == _waiting(path))
        answer.set()
        eventually(lambda: _settled(path))


def test_subscriber_down(path: Path) -> None:
    """What comes while nobody listens is delivered later; both turns are told, once each."""
    port = free_port()
    told: list[str] = []
    with _dispatching(path, f"http://{LOOPBACK}:{port}/", told.append):
        _publish(path, "a", "b")
        eventually(lambda: [(2,)] == query(path, "SELECT count(*) FROM deliveries WHERE attempts"))
        with subscriber(port) as listening:
            eventually(lambda: len(listening.received) >= 2 and _settled(path))
            assert {"a", "b"} == set(listening.events())
    assert 2 == len(told)
    assert "refused; will be tried again" in told[0]
    assert "delivered again" in told[1]


def test_goes_on_after_a_restart(path: Path) -> None:
    """A dispatcher goes on where the last one was, and repeats nothing acknowledged."""
    with subscriber() as listening:
        with _dispatching(path, listening.url):
            _publish(path, "a")
            eventually(lambda: bool(listening.received) and _settled(path))
        _publish(path, "b")
        with _dispatching(path, listening.url):
            eventually(lambda: len(listening.received) >= 2 and _settled(path))
        assert ["a", "b"] == listening.events()


def test_database_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails for a while is told, and the delivery goes on afterwards."""
    told: list[str] = []
    advance = Subscription.advance

    def failing(self: Subscription) -> None:
        if not told:
            raise sqlite3.OperationalError("disk I/O error")
        advance(self)

    monkeypatch.setattr(Subscription, "advance", failing)
    with subscriber() as listening, _dispatching(path, listening.url, told.append):
        _publish(path, "a")
        eventually(lambda: ["a"] == listening.events())
    assert ["push: the database cannot be used now (disk I/O error)"] == told


def test_post() -> None:
    """What went wrong is told in a few words; nothing is said where it did not."""
    with subscriber() as listening:
        assert "" == post(listening.url, b"{}")
        listening.answer = lambda _: 503
        assert "answered 503" == post(listening.url, b"{}")
        assert "timed out" == _timed_out(listening)
    assert "refused" in post(listening.url, b"{}")
    assert "" != post("http://host.invalid/", b"{}")


def _timed_out(listening: Subscriber) -> str:
    answer = threading.Event()
    listening.answer = lambda _: 200 if answer.wait(30) else 500
    told = post(listening.url, b"{}", seconds=0.1)
    answer.set()
    return told


def test_no_http() -> None:
    """An endpoint that does not speak HTTP is told, not a crash."""
    with socket.create_server((LOOPBACK, 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail ready\r\n")

        speaker = threading.Thread(target=speak)
        speaker.start()
        told = post(f"http://{LOOPBACK}:{server.getsockname()[1]}/", b"{}")
        speaker.join()
    assert "220 mail ready" in told
