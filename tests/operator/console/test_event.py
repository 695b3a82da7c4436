from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.operator.console.support import CALL, FORM, Client, Store


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_three_sides_of_an_event(store: Store, client: Client) -> None:
    """An event is shown as received, as normalized and as published, side by side."""
    event = store.add(CALL | {"empty": ""})
    page = client.get(f"/events/{event}").text
    text = _text(page)
    assert "call_state Состоялся разговор" in text
    assert "state answered" in text
    assert "topic envybox-call-info" in text
    assert "ce-subject call/9000001" in text
    assert "ordering key 9000001" in text
    assert "Empty: 1" in text
    assert "Published" in text


def test_a_warning_stands_at_its_field(store: Store, client: Client) -> None:
    """What could not be read is told at the field that it is of."""
    event = store.add(FORM | {"phone": "звоните вечером"})
    page = client.get(f"/events/{event}").text
    warned = re.search(r'<div class="warned"><dt>(.*?)</dt><dd>(.*?)</dd>', page, re.DOTALL)
    assert warned
    assert "phone" in warned[1]
    assert "not a phone number" in warned[2]


def test_a_link_is_true_and_leaves_alone(store: Store, client: Client) -> None:
    """A recording is a link with its host, which tells it nothing; other schemes are text."""
    event = store.add(CALL | {"url": "javascript:alert(1)"})
    page = client.get(f"/events/{event}").text
    assert (
        '<a class="away" href="http://ru.example.com/play/1/" rel="noopener noreferrer nofollow"'
        ' target="_blank"><b>ru.example.com</b>'
    ) in page
    assert 'href="javascript' not in page
    assert not re.search(r"<(audio|video|iframe|embed|object)|<img[^>]+src=\"http", page)


def test_what_belongs_to_it(store: Store, client: Client) -> None:
    """The page has the story of its call and visitor, and leads to them."""
    first = store.add(CALL | {"webhooktype": "7", "call_state": ""}, ago=60)
    second = store.add(CALL)
    page = client.get(f"/events/{second}").text
    assert f'href="/events/{first}"' in page
    assert 'href="/call?id=9000001&amp;account=default"' in page
    assert 'href="/visitor?id=100000001&amp;account=default"' in page
    alone = store.add({"webhooktype": "4", "email": "a@example.org"})
    assert "Nothing else is stored" in client.get(f"/events/{alone}").text


def test_as_curl(store: Store, client: Client) -> None:
    """The webhook can be copied as a command; the key is not in it."""
    event = store.add(FORM)
    page = store.client(receiver="http://localhost:8080/").get(f"/events/{event}").text
    assert "curl http://localhost:8080/ " in page
    assert "key=$ENVYBOX_KEY" in page
    assert "https://RECEIVER" in client.get(f"/events/{event}").text


def test_the_twin_has_all_of_it(store: Store, client: Client) -> None:
    """An event's URL with `.json` gives what the store has: event, fields, way to subscribers."""
    event = store.add(FORM)
    told = client.get(f"/events/{event}.json").json()
    assert (event, "published") == (told["event"]["id"], told["publish"]["state"])
    assert ["name", "Анна"] in told["raw"]


def test_half_a_character_is_no_error(store: Store, client: Client) -> None:
    """What UTF-8 cannot hold is shown, and told in JSON by its escape."""
    event = store.add(FORM)
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("UPDATE events SET raw = ?", (json.dumps([["name", "\ud800"]]),))
    assert "D800" in client.get(f"/events/{event}").text
    assert [["name", "\ud800"]] == client.get(f"/events/{event}.json").json()["raw"]


def test_what_was_changed_by_hand_is_shown(store: Store, client: Client) -> None:
    """An event or fields that somebody broke in the store are shown as far as they go."""
    event = store.add(FORM)
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("UPDATE events SET raw = 'broken', event = '{}'")
    page = client.get(f"/events/{event}").text
    assert "broken" in page
    assert "does not read as an event" in page


def test_an_erased_event_is_told(store: Store, client: Client) -> None:
    """Of an erased event there is nothing but that it was erased, and nothing to send."""
    event = store.add(FORM)
    store.desk().lookup.erase(event, datetime.now(UTC))
    page = client.get(f"/events/{event}").text
    assert "Erased" in page
    assert "Анна" not in page
    assert "/replay" not in page


@pytest.mark.parametrize(("limit", "field"), [(200_000, "message"), (200_000, "custom_data")])
def test_a_large_field_is_cut(store: Store, client: Client, limit: int, field: str) -> None:
    """A field of a size that no page can bear is shown in its beginning."""
    event = store.add(FORM | {field: "я" * limit})
    page = client.get(f"/events/{event}").text
    assert "200,000" in page
    assert len(page) < 1_500_000
