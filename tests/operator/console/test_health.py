from __future__ import annotations

import re

import pytest

from envybox.operator.checks import BAD, Check
from tests.operator.console.support import CALL, Client, Store


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_all_is_well(client: Client) -> None:
    """The page has what `doctor` says of the store, and that nothing waits."""
    text = _text(client.get("/health").text)
    assert "ok store can be read" in text
    assert "ok pending nothing" in text
    assert "All delivered to topics" in text
    assert 'href="/health"' in client.get("/events").text


def test_what_waits_too_long(store: Store, client: Client) -> None:
    """What is pending for too long is told with its remedy, and is listed."""
    event = store.add(CALL, ago=3600, state="pending")
    page = client.get("/health").text
    assert "BAD pending 1, the oldest for" in _text(page)
    assert "envybox pending" in page
    assert f'href="/events/{event}"' in page


def test_a_project_s_topics_are_checked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is Pub/Sub, its topics and subscriptions are looked at too."""
    monkeypatch.setattr("envybox.operator.place.Place.is_local", False)
    told = [Check("topics", BAD, "missing: envybox-<spool>", "terraform apply")]
    monkeypatch.setattr("envybox.operator.console.health.of_pubsub", lambda _: iter(told))
    page = client.get("/health").text
    assert "envybox-&lt;spool&gt;" in page
    assert "terraform apply" in page
