"""A call's whole story, a chat's, a visitor's: pure folds of their events.

Nothing of them is stored. The events of one call are found by its id, and folded; in which
order they come, and how often, makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from envybox.errors import NoStory
from envybox.event import Event, Ids, Manager, Page, TranscriptEntry, Utm, Visitor, encode

T = TypeVar("T")
Key = tuple[str, str] | None

ANSWERED = "answered"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook of a story: what it said, and when the receiver got it (UTC)."""

    at: datetime
    type: str
    state: str | None
    event_id: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What all stories tell. Times are UTC; `started_at` and `updated_at` are of receipt.

    `visitor` has of each field what was said last; `page`, `utm` and `ids` are of the first
    event that has any: how he came.
    """

    account: str
    started_at: datetime
    updated_at: datetime
    visitor: Visitor
    page: Page
    utm: Utm
    ids: Ids
    moments: tuple[Moment, ...]


class CallStory(Story, frozen=True, kw_only=True):
    """A call. `state` is the latest; a call's start comes first, whenever it was received.

    - `answered_by`: who talked; None where nobody did, or it was not said
    - `duration_seconds`: of the talk that was answered, else of the last event that says one
    - `waiting_seconds`: from the first webhook to the talk: what is told of it comes when it
      is over, so this is the time of that, less the duration; None where there was no talk
    """

    id: str
    state: str | None
    state_text: str | None
    answered: bool
    answered_by: Manager | None
    scheduled_at: datetime | None
    called_at: datetime | None
    duration_seconds: int | None
    waiting_seconds: float | None
    record_url: str | None


class ChatStory(Story, frozen=True, kw_only=True):
    """A chat. `transcript` is the longest that was sent; `messages` those of its forms."""

    id: str
    link: str | None
    created_at: datetime | None
    messages: tuple[str, ...]
    transcript: tuple[TranscriptEntry, ...]
    manager: Manager | None


class VisitorStory(Story, frozen=True, kw_only=True):
    """A visitor: his calls, chats and forms, from the first touch to the lead.

    `lead_at` is when the receiver first got a phone or an e-mail address of his.
    """

    id: str
    calls: tuple[CallStory, ...]
    chats: tuple[ChatStory, ...]
    forms: tuple[Event, ...]
    lead_at: datetime | None


def story(events: Iterable[Event]) -> CallStory | ChatStory | VisitorStory:
    """Return the story of what the events share: a call, else a chat, else a visitor.

    Raises `NoStory` where they share none, or there are none.
    """
    events = list(events)
    for key_of, tell in _KINDS:
        keys = {key_of(event) for event in events}
        if len(keys) == 1 and None not in keys:
            told: CallStory | ChatStory | VisitorStory = tell(events)
            return told
    raise NoStory(f"{len(events)} events share neither a call nor a chat nor a visitor")


def call_story(events: Iterable[Event]) -> CallStory:
    """Return a call's story. Raises `NoStory` where the events are not those of one call."""
    # What follows is the start's doing, even where it overtook it on the way.
    ordered = sorted(_unique(events), key=lambda event: event.type != "call.started")
    talks = [event for event in ordered if event.call and event.call.state == ANSWERED]
    calls = [event.call for event in ordered if event.call]
    told = [call for call in calls if call.state]
    talked = [event.call for event in talks if event.call]
    return CallStory(
        id=_shared(ordered, _call),
        **_common(ordered),
        state=told[-1].state if told else None,
        state_text=told[-1].state_text if told else None,
        answered=bool(talks),
        answered_by=_last(event.manager for event in talks if event.manager != Manager()),
        scheduled_at=_last(call.scheduled_at for call in calls),
        called_at=_last(call.called_at for call in calls),
        duration_seconds=_last(call.duration_seconds for call in talked or calls),
        waiting_seconds=_waiting(ordered, talks),
        record_url=_last(call.record_url for call in calls),
    )


def chat_story(events: Iterable[Event]) -> ChatStory:
    """Return a chat's story. Raises `NoStory` where the events are not those of one chat."""
    ordered = _unique(events)
    chats = [event.chat for event in ordered if event.chat]
    return ChatStory(
        id=_shared(ordered, _chat),
        **_common(ordered),
        link=_last(chat.link for chat in chats),
        created_at=_last(chat.created_at for chat in chats),
        messages=tuple(dict.fromkeys(chat.message for chat in chats if chat.message)),
        transcript=max((tuple(chat.transcript) for chat in chats), key=len),
        manager=_last(event.manager for event in ordered if event.manager != Manager()),
    )


def visitor_story(events: Iterable[Event]) -> VisitorStory:
    """Return a visitor's story. Raises `NoStory` where the events are not those of one."""
    ordered = _unique(events)
    return VisitorStory(
        id=_shared(ordered, _visitor),
        **_common(ordered),
        calls=tuple(call_story(group) for group in _groups(ordered, _call)),
        chats=tuple(chat_story(group) for group in _groups(ordered, _chat)),
        forms=tuple(event for event in ordered if not _call(event) and not _chat(event)),
        lead_at=next((event.received_at for event in ordered if _is_lead(event.visitor)), None),
    )


def _call(event: Event) -> Key:
    return (event.account, event.call.id) if event.call and event.call.id else None


def _chat(event: Event) -> Key:
    return (event.account, event.chat.id) if event.chat and event.chat.id else None


def _visitor(event: Event) -> Key:
    return (event.account, event.visitor.id) if event.visitor.id else None


_KINDS: tuple[tuple[Callable[[Event], Key], Callable[[Iterable[Event]], Any]], ...] = (
    (_call, call_story),
    (_chat, chat_story),
    (_visitor, visitor_story),
)


def _shared(events: list[Event], key_of: Callable[[Event], Key]) -> str:
    keys = {key_of(event) for event in events}
    key = keys.pop() if len(keys) == 1 else None
    if key is None:
        raise NoStory(f"{len(events)} events are not those of one {key_of.__name__[1:]}")
    return key[1]


def _groups(events: list[Event], key_of: Callable[[Event], Key]) -> list[list[Event]]:
    groups: dict[Key, list[Event]] = {}
    for event in events:
        groups.setdefault(key_of(event), []).append(event)
    return [group for key, group in groups.items() if key]


def _unique(events: Iterable[Event]) -> list[Event]:
    """Return each event once, by the time of receipt (then by id)."""
    unique: dict[str, Event] = {}
    for event in events:
        other = unique.setdefault(event.id, event)
        if event != other:  # one of them from a document that could not hold all of it
            unique[event.id] = max(event, other, key=encode)
    return sorted(unique.values(), key=lambda event: (event.received_at, event.id))


def _common(events: list[Event]) -> dict[str, Any]:
    received = [event.received_at for event in events]
    names = Visitor.__struct_fields__
    visitors = [event.visitor for event in events]
    said = {name: _last(getattr(visitor, name) for visitor in visitors) for name in names}
    return {
        "account": events[0].account,
        "started_at": min(received),
        "updated_at": max(received),
        "visitor": Visitor(**said),
        "page": next((event.page for event in events if event.page != Page()), Page()),
        "utm": next((event.utm for event in events if event.utm != Utm()), Utm()),
        "ids": next((event.ids for event in events if event.ids != Ids()), Ids()),
        "moments": tuple(
            Moment(
                at=event.received_at,
                type=event.type,
                state=event.call.state if event.call else None,
                event_id=event.id,
            )
            for event in events
        ),
    }


def _waiting(events: list[Event], talks: list[Event]) -> float | None:
    for talk in talks:
        if talk.call and talk.call.duration_seconds is not None:
            start = min(event.received_at for event in events)
            seconds = (talk.received_at - start).total_seconds() - talk.call.duration_seconds
            return max(0.0, seconds)
    return None


def _is_lead(visitor: Visitor) -> bool:
    return bool(visitor.phone or visitor.phone_text or visitor.email)


def _last(values: Iterable[T | None]) -> T | None:
    return next((value for value in reversed(list(values)) if value is not None), None)
