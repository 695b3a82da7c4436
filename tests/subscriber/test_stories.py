from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox import CallStory, ChatStory, Event, NoStory, VisitorStory, story
from envybox.event import Ids, Manager, Page, Utm, Visitor
from envybox.subscriber.stories import Moment, call_story, chat_story, visitor_story
from envybox.testing import sample

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
ANSWERED = {"state": "answered", "state_text": "Состоялся разговор", "duration_seconds": 95}
NOBODY = {"name": None, "phone": None, "department": None}


def _at(seconds: float) -> str:
    return (NINE + timedelta(seconds=seconds)).isoformat()


def _call(seconds: float, type_: str = "call.info", **changes: Any) -> Event:
    """Return a webhook of one call, received some seconds after nine."""
    return sample(type_, received_at=_at(seconds), **changes)


STARTED = _call(0, "call.started")
MISSED = _call(40, call={"state": "operator_busy", "duration_seconds": 0}, manager=NOBODY)
TALKED = _call(155, call=ANSWERED)


def test_call() -> None:
    """A call's story says how it ended, when it was what, who talked, and how long one waited."""
    told = call_story([STARTED, MISSED, TALKED])

    assert ("9000001", "default", True) == (told.id, told.account, told.answered)
    assert ("answered", "Состоялся разговор") == (told.state, told.state_text)
    assert (95, 60.0) == (told.duration_seconds, told.waiting_seconds)
    assert (NINE, NINE + timedelta(seconds=155)) == (told.started_at, told.updated_at)
    assert TALKED.manager == told.answered_by
    assert [("call.started", None), ("call.info", "operator_busy"), ("call.info", "answered")] == [
        (moment.type, moment.state) for moment in told.moments
    ]
    assert (STARTED.visitor, STARTED.page, STARTED.utm, STARTED.ids) == (
        told.visitor,
        told.page,
        told.utm,
        told.ids,
    )
    assert "http://ru.example.com/user/calls/9000001/play/00/" == told.record_url


def test_call_that_nobody_answered() -> None:
    """Where nobody talked, nobody answered, and how long one waited is not told."""
    told = call_story([STARTED, MISSED])

    assert ("operator_busy", False, None) == (told.state, told.answered, told.answered_by)
    assert (0, None) == (told.duration_seconds, told.waiting_seconds)


def test_call_back_for_later() -> None:
    """A call-back that was ordered has the time for which it was."""
    told = call_story([sample("call.result")])

    assert ("callback_scheduled", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)) == (
        told.state,
        told.scheduled_at,
    )


def test_start_that_was_overtaken() -> None:
    """The start of a call comes first, even where it was received last."""
    late = _call(200, "call.started", call={"state": "callback_ordered"})
    told = call_story([MISSED, late])

    assert "operator_busy" == told.state
    assert ["call.started", "call.info"] == [moment.type for moment in told.moments]
    assert (NINE + timedelta(seconds=40), NINE + timedelta(seconds=200)) == (
        told.started_at,
        told.updated_at,
    )


def test_a_call_that_tells_little() -> None:
    """What no webhook of the call says is empty, and is no error."""
    bare = {
        "call": dict.fromkeys(["state", "state_text", "duration_seconds", "called_at"]),
        "manager": NOBODY,
    }
    empty = msgspec.structs.replace(
        _call(0, **bare), visitor=Visitor(), page=Page(), utm=Utm(), ids=Ids()
    )
    told = call_story([empty])

    assert (None, None, None, None) == (
        told.state,
        told.answered_by,
        told.duration_seconds,
        told.called_at,
    )
    assert (Visitor(), Page(), Utm(), Ids()) == (told.visitor, told.page, told.utm, told.ids)
    talked = call_story([empty, _call(5, call={"state": "answered", "duration_seconds": None})])
    assert (True, None) == (talked.answered, talked.waiting_seconds)


def test_clocks_that_disagree() -> None:
    """A talk that is longer than all that was received of it had no waiting time."""
    assert 0.0 == call_story([_call(0, "call.started"), _call(10, call=ANSWERED)]).waiting_seconds


def test_what_is_said_last_counts() -> None:
    """Of the visitor each field is what was said last; how he came is what was said first."""
    first = _call(0, "call.started", visitor={"name": "Анна", "email": None}, utm={"term": "a"})
    second = _call(9, visitor={"name": None, "email": "anna@example.com"}, utm={"term": "b"})
    told = call_story([second, first])

    assert ("Анна", "anna@example.com", "a") == (
        told.visitor.name,
        told.visitor.email,
        told.utm.term,
    )


def test_chat() -> None:
    """A chat's story has the longest transcript, its messages once each, and who wrote."""
    chat = {"id": "7000005"}
    wrote = sample("chat.manager", received_at=_at(0), chat=chat)
    again = sample("chat.manager", received_at=_at(1), chat=chat)
    ended = sample("chat.online", received_at=_at(60))
    told = chat_story([ended, again, wrote])

    assert ("7000005", "http://chat.example.com/chat/show/-Example0005") == (told.id, told.link)
    assert ("Перезвоните, пожалуйста, после обеда",) == told.messages
    assert ended.chat is not None
    assert (tuple(ended.chat.transcript), ended.chat.created_at) == (
        told.transcript,
        told.created_at,
    )
    assert Manager(name="Иван Примеров") == told.manager


def test_visitor() -> None:
    """A visitor's story has his calls, chats and forms, and when he became a lead."""
    visitor = {"id": "100000001", "phone": None, "phone_text": None, "email": None}
    chat = sample("chat.online", received_at=_at(-600), visitor=visitor)
    form = sample("lead.quiz", received_at=_at(300), visitor={"id": "100000001"})
    told = visitor_story([form, TALKED, STARTED, chat])

    assert (("9000001",), ("7000005",), (form,)) == (
        tuple(call.id for call in told.calls),
        tuple(chat.id for chat in told.chats),
        told.forms,
    )
    assert (NINE - timedelta(seconds=600), NINE) == (told.started_at, told.lead_at)
    assert call_story([STARTED, TALKED]) == told.calls[0]
    assert visitor_story([chat]).lead_at is None
    assert [-600, 0, 155, 300] == [(moment.at - NINE).total_seconds() for moment in told.moments]


def test_which_story() -> None:
    """The story is of the narrowest that all events share: a call, a chat, a visitor."""
    assert isinstance(story([STARTED, TALKED]), CallStory)
    assert isinstance(story([sample("chat.online")]), ChatStory)
    assert isinstance(story([sample("lead.quiz")]), VisitorStory)
    other = _call(0, call={"id": "9000002"})
    assert isinstance(story([STARTED, other]), VisitorStory)


@pytest.mark.parametrize("tell", [story, call_story, chat_story, visitor_story])
def test_no_story(tell: Any) -> None:
    """Events that share nothing have no story, nor have none, nor those of two accounts."""
    for events in (
        [],
        [sample("lead.quiz"), sample("lead.video")],
        [sample("lead.quiz", visitor={"id": None})],
        [STARTED, _call(0, account="second")],
        [sample("chat.online"), sample("chat.online", account="second")],
    ):
        with pytest.raises(NoStory, match=rf"^{len(events)} events "):
            tell(events)


STATES = [None, "answered", "operator_busy", "client_no_answer", "callback_ordered", "new_state"]
EVENTS = st.lists(
    st.builds(
        lambda type_, seconds, state, lasted, name, chat, call: sample(
            type_,
            received_at=_at(seconds),
            visitor={"id": "1", "name": name},
            chat=chat and {"id": chat},
            call=call and {"id": call, "state": state, "duration_seconds": lasted},
        ),
        st.sampled_from(["call.started", "call.info", "lead.video"]),
        st.integers(-3, 3),
        st.sampled_from(STATES),
        st.none() | st.integers(0, 100),
        st.none() | st.sampled_from("АБ"),
        st.none() | st.sampled_from("56"),
        st.none() | st.sampled_from("78"),
    ),
    min_size=1,
    max_size=7,
)


@given(EVENTS, st.data())
def test_any_order_and_any_repeats(events: list[Event], data: st.DataObject) -> None:
    """In whatever order events come, and however often, the story is the same."""
    repeats = data.draw(st.lists(st.sampled_from(events)), "repeats")
    shuffled = data.draw(st.permutations([*events, *repeats]), "shuffled")
    assert visitor_story(events) == visitor_story(shuffled)
    assert story(events) == story(shuffled)


@given(st.permutations([TALKED, msgspec.structs.replace(TALKED, manager=Manager()), STARTED]))
def test_the_same_event_in_two_forms(events: list[Event]) -> None:
    """An event that comes as a message and as a document that differs is told once, as one."""
    told = call_story(events)
    assert 2 == len(told.moments)
    assert call_story(reversed(events)) == told


def test_moments() -> None:
    """A moment says which event it was, and when that was received."""
    assert (Moment(at=NINE, type="call.started", state=None, event_id=STARTED.id),) == call_story(
        [STARTED, STARTED]
    ).moments
