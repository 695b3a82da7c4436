"""Brings calls, chats and leads into Bitrix24: one lead a call, one comment a state.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from envybox import CallStory, Event
from envybox.subscriber.answers import answers
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory

from crm import Crm, Person, Place
from portal import Portal
from settings import load
from words import WORDS, plain

SETTINGS = configured(load)
CRM = Crm(Portal(SETTINGS.webhook))
MEMORY = memory("bitrix24", os.environ)
SAID = WORDS[SETTINGS.language]
SOON = timedelta(minutes=15)
"""When to call back who did not say when."""


@function
def main(event: Event) -> str:
    """Find or make the lead of the event, and tell in it what happened."""
    with MEMORY.once.subject(event) as turn:  # events of one call take turns: see crm.py
        if turn.done:
            return "done before"
        person = _person(event)
        if not person.phones and not person.emails:
            return "not brought in: neither a phone nor an e-mail address"
        place = CRM.place(_origin(event), person, _fields(event))
        if event.call and event.call.id:
            _tell_call(event, place)
        else:
            CRM.comment(place, _text(event), f"envybox:{event.id}")
    return f"in {place.kind}/{place.id}"


def _origin(event: Event) -> str:
    """Return what the lead is found by: the call or the chat; a form is one of its own."""
    with_id = (event.call and event.call.id) or (event.chat and event.chat.id)
    return str(event.subject) if with_id else f"event/{event.id}"


def _person(event: Event) -> Person:
    phone, email = event.visitor.phone, event.visitor.email
    spellings = [phone, phone.removeprefix("+")] if phone else []
    if phone and phone.startswith("+7"):
        spellings.append("8" + phone.removeprefix("+7"))
    return Person(plain(event.visitor.name, 100), spellings, [email] if email else [])


def _fields(event: Event) -> dict[str, Any]:
    """Return the fields of a new lead or deal."""
    kind = event.type.partition(".")[0]
    department = event.manager.department
    return {
        "title": SAID[kind if kind in SAID else "lead"].format(site=plain(event.page.site, 100)),
        "sourceId": "CALLBACK" if kind == "call" else "WEB",
        "sourceDescription": plain(event.page.url, 500),
        "assignedById": SETTINGS.responsible_of(department),
        **{f"utm{name.title()}": value for name, value in _utm(event).items()},
        **SETTINGS.own_fields(event),
    }


def _utm(event: Event) -> dict[str, str]:
    return {name: getattr(event.utm, name) for name in event.utm.__struct_fields__}


def _tell_call(event: Event, place: Place) -> None:
    """Write a comment for each state that the call has had so far, and to-dos for call-backs."""
    story = MEMORY.stories.of(event)
    assert isinstance(story, CallStory)  # noqa: S101 - it has a call's id
    for state in dict.fromkeys(moment.state for moment in story.moments if moment.state):
        marker = f"envybox:call/{story.id}:{state}"
        with MEMORY.once(marker) as comment:
            if not comment.done:
                CRM.comment(place, _state(story, state), marker)
        if state.startswith("callback_"):
            with MEMORY.once(f"{marker}:todo") as todo:
                if not todo.done:
                    _call_back(event, story, place, marker)


def _state(story: CallStory, state: str) -> str:
    """Return the text of a call's state."""
    at = story.scheduled_at.astimezone(SETTINGS.zone) if story.scheduled_at else None
    title = SAID.get(state, SAID["other"]).format(time=f"{at:%d.%m.%Y %H:%M}" if at else "")
    lines = [title]
    if state == "answered":
        if story.answered_by and story.answered_by.name:
            lines.append(SAID["by"].format(name=plain(story.answered_by.name, 100)))
        if story.duration_seconds:
            lines.append(SAID["seconds"].format(seconds=story.duration_seconds))
        if story.record_url:
            lines.append(SAID["recording"].format(link=plain(story.record_url)))
    return "\n".join(lines)


def _call_back(event: Event, story: CallStory, place: Place, marker: str) -> None:
    due = story.scheduled_at or story.updated_at + SOON
    responsible = SETTINGS.responsible_of(event.manager.department)
    CRM.todo(
        place,
        SAID["todo"].format(phone=story.visitor.phone or story.visitor.email or ""),
        marker,
        deadline=due.astimezone(SETTINGS.zone).isoformat(timespec="seconds"),
        **({"responsibleId": responsible} if responsible else {}),
    )


def _text(event: Event) -> str:
    """Return the text of a chat or a form."""
    chat = event.chat
    kind = event.type.partition(".")[0]
    lines = [SAID[kind if kind in SAID else "lead"].format(site=plain(event.page.site, 100))]
    if chat and chat.message:
        lines.append(plain(chat.message))
    lines += [f"{plain(name, 200)}: {plain(value)}" for name, value in answers(event)]
    if chat and chat.transcript:
        lines += [f"{plain(one.author, 60)}: {plain(one.text, 500)}" for one in chat.transcript]
    if chat and chat.link:
        lines.append(SAID["transcript"].format(link=plain(chat.link)))
    if event.page.url:
        lines.append(SAID["page"].format(url=plain(event.page.url)))
    return "\n".join(lines)[:8000]
