from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from envybox.local.subscriptions import Subscription
from tests.operator.console.support import CALL, Client, Store
from tests.operator.support import serving


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the replays' journals out of the home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def _messages(store: Store) -> list[tuple[str, dict[str, str]]]:
    with closing(sqlite3.connect(store.path)) as db:
        rows = db.execute("SELECT topic, attributes FROM messages ORDER BY sequence").fetchall()
    return [(topic, json.loads(attributes)) for topic, attributes in rows]


def test_to_one_url(store: Store, client: Client, state: Path) -> None:
    """An event is posted to a URL as a push would be, and to nobody else."""
    event = store.add(CALL)
    with serving() as endpoint:
        page = client.post(f"/events/{event}/replay", data={"url": endpoint.url}).text
    assert "Posted: [200]" in page
    assert f'value="{endpoint.url}"' in page
    message = json.loads(endpoint.bodies[0])["message"]
    assert event == json.loads(base64.b64decode(message["data"]))["id"]
    assert message["attributes"]["replay"].startswith("console-")
    assert [] == _messages(store)
    assert [] == list(state.rglob("*.replay"))


def test_what_is_not_taken_is_told(store: Store, client: Client, state: Path) -> None:
    """An endpoint that refuses, or is not there, is told with its answer; nothing is left over."""
    event = store.add(CALL)
    with serving() as endpoint:
        endpoint.status = 500
        page = client.post(f"/events/{event}/replay", data={"url": endpoint.url}).text
    assert "Not taken: [500]" in page
    page = client.post(f"/events/{event}/replay", data={"url": endpoint.url}).text
    assert "Not taken: [---]" in page
    assert [] == list(state.rglob("*.replay"))


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "localhost"])
def test_a_url_that_is_none(store: Store, client: Client, url: str) -> None:
    """What cannot be posted to is refused in words."""
    event = store.add(CALL)
    page = client.post(f"/events/{event}/replay", data={"url": url}).text
    assert "is no URL" in page


def test_what_is_pending_is_left_alone(store: Store, client: Client) -> None:
    """What the receiver still owes is not sent by hand: it would overtake."""
    event = store.add(CALL, state="pending")
    page = client.get(f"/events/{event}").text
    assert "/replay" not in page
    with serving() as endpoint:
        page = client.post(f"/events/{event}/replay", data={"url": endpoint.url}).text
    assert "Left alone" in page
    assert [] == endpoint.bodies
    assert "Left alone" in client.post(f"/events/{event}/publish").text
    assert [] == _messages(store)


def test_who_will_get_it(store: Store, client: Client) -> None:
    """Before an event is published again, the page names the subscriptions that get it."""
    event = store.add(CALL)
    assert "Nobody" in client.get(f"/events/{event}/publish").text
    Subscription(store.path, "telegram", "envybox-call-info").close()
    page = client.get(f"/events/{event}/publish").text
    assert "envybox-call-info" in page
    assert "telegram" in page
    assert [] == _messages(store)


def test_who_gets_it_may_be_unseen(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where subscriptions may not be listed, the page says so rather than `nobody`."""
    event = store.add(CALL)
    monkeypatch.setattr("envybox.operator.outlet.LocalOutlet.subscriptions", lambda *_: None)
    assert "may not see" in client.get(f"/events/{event}/publish").text


@pytest.mark.parametrize("again", [False, True])
def test_published_again(store: Store, client: Client, *, again: bool) -> None:
    """An event is published again to its topic, marked as a replay."""
    event = store.add(CALL)
    page = client.post(f"/events/{event}/publish", data={"again": "1"} if again else {}).text
    assert "Published again" in page
    [(topic, attributes)] = _messages(store)
    assert ("envybox-call-info", event) == (topic, attributes["event_id"])
    assert attributes["replay"].startswith("console-")
    assert ("1" if again else None) == attributes.get("replay-again")


def test_what_could_not_be_published_is_told(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic that takes nothing is told by what it said."""
    event = store.add(CALL)
    monkeypatch.setattr("envybox.operator.outlet.LocalOutlet.publish", lambda *_: ["NOT_FOUND"])
    assert "NOT_FOUND" in client.post(f"/events/{event}/publish").text


@pytest.mark.parametrize("path", ["replay", "publish"])
def test_no_event_no_replay(client: Client, path: str) -> None:
    """What is not stored cannot be sent again."""
    answer = client.post(f"/events/{'0' * 32}/{path}", data={"url": "http://localhost:1/"})
    assert 404 == answer.status_code
