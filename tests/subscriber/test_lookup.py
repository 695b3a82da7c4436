from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from envybox import CallStory, ChatStory, Event, NoStory, Stories, Unavailable, VisitorStory, story
from envybox.google import open_backend as open_google
from envybox.ports.store import Record, Store
from envybox.settings import load
from envybox.subscriber import lookup
from envybox.testing import sample
from tests.local.support import opened

STARTED, TALKED = sample("call.started"), sample("call.info")
CHAT = sample("chat.online", visitor={"id": "100000001"})
FORM = sample("lead.quiz", visitor={"id": "100000001"})
OTHERS = [
    sample("call.info", call={"id": "9000009"}, visitor={"id": "2"}),
    sample("call.info", account="second"),
    sample("chat.online", account="second"),
]
EVENTS = [STARTED, TALKED, CHAT, FORM, *OTHERS]


async def _store(store: Store, events: list[Event]) -> None:
    for event in events:
        record = Record(event=event, raw="[]", topic="envybox-call-result")
        await store.create(record, timeout=10)


def _in_a_file(path: Path) -> Stories:
    async def store() -> None:
        async with opened(path) as backend:
            await _store(backend, EVENTS)

    asyncio.run(store())
    return Stories(path)


def _in_firestore(client: Any) -> Stories:
    environ = {"GOOGLE_CLOUD_PROJECT": client.project, "ENVYBOX_COLLECTION": "leads"}

    async def store() -> None:
        backend = open_google(load(environ))
        await _store(backend.store, EVENTS)
        await backend.close()

    asyncio.run(store())
    return Stories(client, collection="leads")


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def stories(request: pytest.FixtureRequest, tmp_path: Path) -> Stories:
    """The stories of what the receiver's backends stored, of each in turn."""
    if request.param == "sqlite":
        return _in_a_file(tmp_path / "envybox.db")
    host, _ = request.getfixturevalue("hosts")
    request.getfixturevalue("monkeypatch").setenv("FIRESTORE_EMULATOR_HOST", host)
    return _in_firestore(request.getfixturevalue("firestore"))


def test_of_a_call(stories: Stories) -> None:
    """An event of a call has the call's whole story, whichever of its events it is."""
    for event in (STARTED, TALKED):
        told = stories.of(event)
        assert isinstance(told, CallStory)
        assert story([STARTED, TALKED]) == told


def test_of_a_chat_and_of_a_visitor(stories: Stories) -> None:
    """An event of a chat has the chat's, any other the visitor's, which each can have."""
    assert story([CHAT]) == stories.of(CHAT)
    assert isinstance(stories.of(CHAT), ChatStory)
    told = stories.of(FORM)
    assert isinstance(told, VisitorStory)
    assert story([STARTED, TALKED, CHAT, FORM]) == told == stories.of_visitor(TALKED)


def test_an_event_that_is_not_there(stories: Stories) -> None:
    """An event that cannot be found (any more) is told all the same."""
    gone = sample("call.info", call={"id": "9000003"})
    assert story([gone]) == stories.of(gone)


def test_about_nothing(stories: Stories) -> None:
    """An event that is about nobody has no story."""
    with pytest.raises(NoStory, match="neither a call nor a chat nor a visitor"):
        stories.of(sample("lead.quiz", visitor={"id": None}))


def test_no_file(tmp_path: Path) -> None:
    """Where there is no file, that is told, and none is made."""
    with pytest.raises(Unavailable, match="stories: OperationalError"):
        Stories(str(tmp_path / "none.db")).of(TALKED)
    assert [] == list(tmp_path.iterdir())


def test_firestore_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Firestore fails, so do the stories, as what can be tried again."""

    def failing(*_: object) -> list[Any]:
        raise TimeoutError

    monkeypatch.setattr(lookup, "_in_firestore", failing)
    with pytest.raises(Unavailable, match="stories: TimeoutError"):
        Stories(object()).of(TALKED)
