from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import Call, Chat, Event, Page, TranscriptEntry, Utm, Visitor
from envybox.operator.console.row import Row, row_of
from envybox.ports.lookup import ERASED, Found, Publish, bare

EVENT = bare("0" * 32, "default", datetime(2026, 11, 28, tzinfo=UTC), reason=ERASED)


def row(**fields: Any) -> Row:
    """Return the line of an event."""
    event: Event = msgspec.structs.replace(EVENT, **fields)
    return row_of(Found(event=event, raw="[]", publish=Publish(state="pending", topic="t")))


@pytest.mark.parametrize(
    ("visitor", "expected"),
    [
        (Visitor(name="Анна", phone="+79000000000", email="a@example.org"),
            ("Анна", "+79000000000 · a@example.org")),
        (Visitor(phone_text="звоните", city="Москва"), ("звоните", "Москва")),
        (Visitor(place="Казань, Татарстан"), ("", "Казань, Татарстан")),
        (Visitor(), ("", "")),
    ],
)  # fmt: skip
def test_who(visitor: Visitor, expected: tuple[str, str]) -> None:
    """A line says who it was by the best that is known of him, and then by the rest."""
    line = row(visitor=visitor)
    assert expected == (line.who, line.more)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"call": Call(state="other", state_text="Сорвался")}, "Сорвался"),
        ({"call": Call(state="answered", state_text="Состоялся разговор")}, ""),
        ({"call": Call(id="1")}, ""),
        ({"chat": Chat(message="Когда?")}, "Когда?"),
        ({"chat": Chat(transcript=[TranscriptEntry(text="Вошёл", kind="system"),
            TranscriptEntry(text="Есть?")])}, "Есть?"),
        ({"chat": Chat(), "custom_data": {"quiz": {"Площадь?": "40 м²", "n": 1, "Срок?": "Год"}}},
            "40 м², Год"),
        ({"custom_data": {"цвет": "синий", "n": [1]}}, "синий"),
        ({"custom_data": [1]}, ""),
    ],
)  # fmt: skip
def test_what(fields: dict[str, Any], expected: str) -> None:
    """A line says what was said: a message, a quiz's answers, a state that has no name here."""
    assert expected == row(**fields).said


def test_where_from() -> None:
    """A line says on which page it was, without what trackers hang on it, and how he came there."""
    line = row(page=Page(url="https://example.com/a/b?utm=1#c", referrer="yandex.ru"))
    assert ("/a/b", "yandex.ru") == (line.path, line.source)
    assert ("", "vk / promo") == (row().path, row(utm=Utm(source="vk", campaign="promo")).source)
    assert row().pending


@given(st.none() | st.text(), st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) |
    st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_event_has_a_line(url: str | None, data: Any) -> None:
    """Whatever a widget's owner or a visitor sent, there is a line of it."""
    assert row(page=Page(url=url), custom_data=data, chat=Chat()).id
