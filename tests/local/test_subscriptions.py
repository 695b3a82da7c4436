from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from envybox.local import subscriptions
from envybox.local.database import connect
from envybox.local.subscriptions import Delivery, Subscription
from envybox.ports.publish import Message
from tests.local.support import locked, opened, query


def _publish(path: Path, topic: str, *texts: str) -> None:
    async def publish() -> None:
        async with opened(path) as backend:
            for text in texts:
                message = Message(data=text.encode(), attributes={"t": text}, ordering_key="k")
                await backend.publish(topic, message, timeout=5)

    asyncio.run(publish())


@contextlib.contextmanager
def _subscribed(path: Path, name: str = "s") -> Iterator[Subscription]:
    with contextlib.closing(Subscription(str(path), name, "leads")) as subscription:
        yield subscription


def _due(subscription: Subscription, limit: int = 100) -> list[Delivery]:
    subscription.advance()
    return subscription.due(datetime.now(UTC), limit)


def _texts(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.data.decode() for delivery in deliveries]


def test_from_now_on(path: Path) -> None:
    """A new subscription gets what is published to its topic afterwards, oldest first."""
    _publish(path, "leads", "before")
    with _subscribed(path) as subscription:
        assert [] == _due(subscription)
        _publish(path, "leads", "a")
        _publish(path, "calls", "other")
        _publish(path, "leads", "b", "c")
        assert ["a", "b", "c"] == _texts(_due(subscription))
        assert ["a", "b"] == _texts(_due(subscription, limit=2))


def test_delivery(path: Path) -> None:
    """A delivery is the message, its id and when it was published."""
    with _subscribed(path) as subscription:
        _publish(path, "leads", "a")
        [delivery] = _due(subscription)
    assert Message(data=b"a", attributes={"t": "a"}, ordering_key="k") == delivery.message
    assert (1, "1", 0) == (delivery.sequence, delivery.message_id, delivery.attempts)
    assert datetime.fromisoformat(delivery.published_at) <= datetime.now(UTC)


def test_acknowledged(path: Path) -> None:
    """What was acknowledged does not come again; the rest does, after a restart too."""
    with _subscribed(path) as subscription:
        _publish(path, "leads", "a", "b")
        subscription.acknowledge(_due(subscription)[0].sequence)
        assert ["b"] == _texts(_due(subscription))
    _publish(path, "leads", "while it was down")
    with _subscribed(path) as subscription:
        assert ["b", "while it was down"] == _texts(_due(subscription))


def test_postponed(path: Path) -> None:
    """What failed waits until its time, counted, and the others do not wait for it."""
    with _subscribed(path) as subscription:
        _publish(path, "leads", "a", "b")
        now = datetime.now(UTC)
        subscription.postpone(_due(subscription)[0].sequence, now + timedelta(hours=1))
        assert ["b"] == _texts(_due(subscription))
        later = subscription.due(now + timedelta(hours=1), 100)
        assert [("b", 0), ("a", 1)] == [(d.message.data.decode(), d.attempts) for d in later]


def test_each_its_own(path: Path) -> None:
    """Each subscription of a topic gets each message."""
    with _subscribed(path, "one") as one, _subscribed(path, "two") as two:
        _publish(path, "leads", "a")
        one.acknowledge(_due(one)[0].sequence)
        assert ["a"] == _texts(_due(two))


def test_two_at_one(path: Path) -> None:
    """Where two processes serve a subscription, what one has acknowledged is not due again."""
    with _subscribed(path) as one, _subscribed(path) as two:
        _publish(path, "leads", "a")
        one.acknowledge(_due(one)[0].sequence)
        assert [] == _due(two)


def test_others_messages_cost_no_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other topics' messages are passed over in steps, and the place is kept now and then."""
    monkeypatch.setattr(subscriptions, "SCAN", 3)
    with _subscribed(path) as subscription:
        places = []
        for text in ("ab", "cd", "e"):
            _publish(path, "calls", *text)
            _due(subscription)
            places += query(path, "SELECT position FROM subscriptions")
        assert [(0,), (0,), (0,)] == places
        _publish(path, "calls", "f", "g", "h")
        _due(subscription)
        assert [(8,)] == query(path, "SELECT position FROM subscriptions")
        _publish(path, "leads", "mine")
        assert ["mine"] == _texts(_due(subscription))


def test_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new subscription cannot be made while another process holds the file, and says so."""
    monkeypatch.setattr(subscriptions, "WAIT_SECONDS", 0.05)
    connect(str(path)).close()
    with locked(path), pytest.raises(sqlite3.OperationalError, match="locked"):
        Subscription(str(path), "s", "leads")
