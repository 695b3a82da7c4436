from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envybox.errors import Unavailable
from envybox.operator import console
from envybox.operator.checks import BAD, Check
from envybox.operator.checks_google import of_google
from envybox.operator.console import health
from envybox.operator.console.desk import Desk
from envybox.operator.place import Place
from tests.operator.console.support import CALL, Client, Store
from tests.operator.support import serving
from tests.operator.test_dead import letters  # noqa: F401 - a fixture
from tests.operator.worlds import World


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_all_is_well(client: Client) -> None:
    """The page has what `doctor` says of the store, and that nothing waits."""
    text = _text(client.get("/health").text)
    assert "ok Store can be read" in text
    assert "ok Pending nothing" in text
    assert "note Receiver not checked → envybox doctor --url URL" in text
    assert "All delivered to topics" in text
    assert "no dead letters" in text
    assert 'href="/health"' in client.get("/events").text


def test_what_waits_too_long(store: Store, client: Client) -> None:
    """What is pending for too long is told with its remedy, and is listed."""
    event = store.add(CALL, ago=3600, state="pending")
    page = client.get("/health").text
    assert "bad Pending 1, the oldest for" in _text(page)
    assert "envybox pending" in page
    assert f'href="/events/{event}"' in page


def test_nothing_is_sent(store: Store) -> None:
    """The receiver is asked whether it is there; no test webhook goes to it."""
    with serving() as receiver:
        text = _text(store.client(receiver=receiver.url).get("/health").text)
    assert "ok Receiver it answers" in text
    assert "note Test webhook not sent" in text
    assert [b""] == receiver.bodies


def test_checks_have_a_twin(client: Client) -> None:
    """What was found is there as JSON too."""
    found = {
        check["name"]: check["result"] for check in client.get("/health.json").json()["checks"]
    }
    assert {"receiver": "note", "store": "ok", "indexes": "ok", "pending": "ok"} == found


def test_a_slow_check_holds_nothing_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits, and each check that is done, is sent before the next one is begun."""
    event = store.add(CALL, ago=5, state="pending")
    begun: list[str] = []

    def slowly(*_: Any, **__: Any) -> Iterator[Check]:
        for name in ("first", "second"):
            begun.append(name)
            yield Check(name, BAD, "wrong")

    monkeypatch.setattr(health, "checks", slowly)
    pieces = iter(_drawn(store.desk()))
    seen = next(pieces)
    assert (True, []) == (f'href="/events/{event}"' in seen, begun)
    while "first" not in seen:
        seen = next(pieces)
    assert ["first"] == begun
    assert "second" in "".join(pieces)


def _drawn(desk: Desk) -> Iterator[str]:
    view = health.View(desk, "en", "/health")
    rows, trouble = health._pending(desk)
    yield from view.pieces(
        "health.html", checks=health._checks(desk), letters=None, rows=rows, trouble=trouble
    )


def test_a_store_that_is_away_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store does not answer, the page is there and says so."""
    desk = store.desk()

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("the disk is away")

    monkeypatch.setattr(type(desk.lookup), "page", away)
    answer = store.client_of(desk).get("/health")
    assert (200, 2) == (answer.status_code, answer.text.count("the disk is away"))


def test_a_project_s_topics_are_checked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is Pub/Sub, its topics and subscriptions are looked at too."""
    monkeypatch.setattr("envybox.operator.place.Place.is_local", False)
    told = [Check("topics", BAD, "missing: envybox-<spool>", "terraform apply")]
    monkeypatch.setattr("envybox.operator.commands.doctor.of_pubsub", lambda _: iter(told))
    monkeypatch.setattr("envybox.operator.checks_google.of_google", lambda _: iter(()))
    page = client.get("/health").text
    assert "envybox-&lt;spool&gt;" in page
    assert "terraform apply" in page
    assert 'href="/health?dead=1"' in page


@pytest.mark.usefixtures("monitoring")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_google_knows_has_names(language: str) -> None:
    """Each check of a project has a name in either language."""
    words = json.loads((Path(console.__file__).parent / "words" / f"{language}.json").read_text())
    names = [check.name for check in of_google(Place({}))]
    assert names == [name for name in names if f"check.{name}" in words]


@pytest.mark.emulator
@pytest.mark.usefixtures("letters")
def test_dead_letters_are_counted_when_asked(
    emulated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each subscription for dead letters is told with how many wait in it; they stay."""
    assert emulated.settings.project
    client = Store.client_of(Desk.of(Place({})))
    for _ in range(2):
        text = _text(client.get("/health?dead=1").text)
        assert "bad envybox-telegram-dead 1 → envybox dead envybox-telegram-dead" in text
        assert "ok envybox-spool-dead 0" in text
    monkeypatch.setattr(health, "LETTERS", 1)
    assert "bad envybox-telegram-dead 1+" in _text(client.get("/health?dead=1").text)


def test_dead_letters_that_may_not_be_seen(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Pub/Sub refuses, the page says which role is wanted."""

    def refused(_project: str) -> Any:
        raise Unavailable("not for you")

    monkeypatch.setattr("envybox.operator.place.Place.is_local", False)
    monkeypatch.setattr("envybox.operator.place.Place.project", "my-project-123")
    monkeypatch.setattr(health, "checks", lambda *_, **__: iter(()))
    monkeypatch.setattr("envybox.operator.subscriptions.Subscriptions", refused)
    text = _text(client.get("/health?dead=1").text)
    assert "bad Dead letters not for you → roles/pubsub.editor" in text
