from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from envybox import CallStory
from envybox.subscriber import notes
from envybox.subscriber.notes import LANGUAGES, LONGEST, Notes, due, states
from envybox.subscriber.stories import call_story
from envybox.testing import sample

MOSCOW = ZoneInfo("Europe/Moscow")
AT = "2026-11-20T11:30:00Z"
NOTES = {language: Notes(language, MOSCOW) for language in LANGUAGES}


def story(state: str | None, **said: Any) -> CallStory:
    """Return the story of one event."""
    return call_story([sample("call.info", call={"state": state, **said})])


@pytest.mark.parametrize(
    ("type_", "title"),
    [
        ("call.result", "Call from example.com"),
        ("chat.offline", "Chat on example.com"),
        ("lead.quiz", "Lead from example.com"),
        ("unknown", "Lead from example.com"),
    ],
)
def test_title(type_: str, title: str) -> None:
    """An event's title is of its kind, and has the site."""
    event = sample("lead.quiz", page={"site": "example.com"})
    assert title == NOTES["en"].title(msgspec.structs.replace(event, type=type_))


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_have_names(language: str) -> None:
    """Each state that an event may have is told in each language, and another as a call."""
    told = {
        NOTES[language].state(story(state, scheduled_at=AT), state) for state in notes._STATES["ru"]
    }
    other = NOTES[language].state(story("other"), "other")
    assert (len(notes._STATES["ru"]), True) == (len(told), other not in told)
    assert other == NOTES[language].state(story(None), None)


def test_the_languages_tell_the_same() -> None:
    """Each language has each word, with the same values in it."""
    for table in (notes._STATES, notes._WORDS):
        assert table["ru"].keys() == table["en"].keys()
        for word, text in table["ru"].items():
            assert _values(text) == _values(table["en"][word])


def _values(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_a_call_back_at_a_time() -> None:
    """When a call-back is ordered for is told in the zone; where it is not known, left open."""
    told = NOTES["en"].about(story("callback_scheduled", scheduled_at=AT), "callback_scheduled")
    assert "A call-back is ordered for 20.11.2026 14:30" == told
    told = NOTES["ru"].about(story("callback_scheduled", scheduled_at=None), "callback_scheduled")
    assert "Заказ звонка на …" == told


def test_a_talk() -> None:
    """A talk has who talked, how long and the recording, as far as they are known."""
    link = "https://example.com/1/"
    said = {"state": "answered", "duration_seconds": 54, "record_url": link}
    event = sample("call.info", call=said, manager={"name": "Иван"})
    assert f"They talked\nTalked to: Иван\n54 s\nRecording: {link}" == NOTES["en"].about(
        call_story([event]), "answered"
    )
    silent = sample("call.info", call={"state": "answered", "duration_seconds": None})
    untold = msgspec.structs.replace(call_story([silent]), answered_by=None, record_url=None)
    assert "They talked" == NOTES["en"].about(untold, "answered")


def test_call_back() -> None:
    """A to-do has whom to call: by phone, or else by his address."""
    by_phone = call_story([sample("call.info", visitor={"phone": "+79000000000"})])
    by_mail = call_story([sample("call.info", visitor={"phone": None, "email": "a@example.com"})])
    assert "Call back: +79000000000" == NOTES["en"].call_back(by_phone)
    assert "Перезвонить: a@example.com" == NOTES["ru"].call_back(by_mail)


def test_text() -> None:
    """A chat has what was written, by whom, and links; a form what was answered."""
    entry = {"kind": "person", "author": "Анна", "text": "Да"}
    chat = {"message": "Здравствуйте", "link": "https://example.com/c", "transcript": [entry]}
    event = sample("chat.online", chat=chat, page={"site": "example.com", "url": "https://x.test"})
    expected = ["Chat on example.com", "Здравствуйте", "Анна: Да", "Chat: https://example.com/c"]
    told = NOTES["en"].text(event).split("\n")
    assert [*expected, "Page: https://x.test"] == [line for line in told if "extra" not in line]
    quiz = sample("lead.quiz", custom_data={"Площадь": "60"}, page={"url": None})
    assert "Площадь: 60" in NOTES["ru"].text(quiz)
    silent = sample("call.info", page={"site": "example.com", "url": None})
    assert "Call from example.com" == NOTES["en"].text(msgspec.structs.replace(silent, extra={}))


def test_harmless_and_cut() -> None:
    """A visitor's text is cut and made harmless; all of it has an end."""
    bare = Notes("ru", MOSCOW, harmless=lambda text: text.replace("[", "("))
    assert ("(a", "") == (bare.plain(" [ab]", 2), bare.plain(None))
    long = {f"{n}": "я" * 3000 for n in range(20)}
    assert LONGEST == len(bare.text(sample("lead.quiz", custom_data=long)))


def test_states_and_due() -> None:
    """A call's states come once each; a call-back without a time is due soon."""
    events = [sample("call.info", call={"state": state}) for state in ("answered", None)]
    assert ["answered"] == states(call_story(events))
    ordered = story("callback_ordered", scheduled_at=None)
    assert timedelta(minutes=15) == due(ordered) - ordered.updated_at
    at = due(story("callback_scheduled", scheduled_at=AT))
    assert datetime(2026, 11, 20, 11, 30, tzinfo=UTC) == at
