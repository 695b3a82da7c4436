"""Brings calls, chats and leads into Bitrix24: one lead a call, one comment a state.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import os
from typing import Any

from envybox import CallStory, Event
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory
from envybox.subscriber.notes import Notes, due, states

from crm import Crm, Person, Place
from portal import Portal
from settings import load

SETTINGS = configured(load)
CRM = Crm(Portal(SETTINGS.webhook))
MEMORY = memory("bitrix24", os.environ)


def _without_links(text: str) -> str:
    """Return a text whose brackets are no BB code, which would be a link in the CRM."""
    return text.replace("[", "［").replace("]", "］")


NOTES = Notes(SETTINGS.language, SETTINGS.zone, harmless=_without_links)


@function
def main(event: Event) -> str:
    """Find or make the lead of the event, and tell in it what happened."""
    person = _person(event)
    # Events of one person take turns: see crm.py.
    with MEMORY.once.subject(event, key=(*person.phones, *person.emails, "")[0]) as turn:
        if turn.done:
            return "done before"
        if not person.phones and not person.emails:
            return "not brought in: neither a phone nor an e-mail address"
        place = CRM.place(_origin(event), person, _fields(event))
        if event.call and event.call.id:
            _tell_call(event, place)
        else:
            CRM.comment(place, NOTES.text(event), f"envybox:{event.id}")
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
    return Person(NOTES.plain(event.visitor.name, 100), spellings, [email] if email else [])


def _fields(event: Event) -> dict[str, Any]:
    """Return the fields of a new lead or deal."""
    kind = event.type.partition(".")[0]
    return {
        "title": NOTES.title(event),
        "sourceId": "CALLBACK" if kind == "call" else "WEB",
        "sourceDescription": NOTES.plain(event.page.url, 500),
        "assignedById": SETTINGS.responsible.of(event.manager.department),
        **{f"utm{name.title()}": value for name, value in _utm(event).items()},
        **SETTINGS.fields.of(event),
    }


def _utm(event: Event) -> dict[str, str]:
    return {name: getattr(event.utm, name) for name in event.utm.__struct_fields__}


def _tell_call(event: Event, place: Place) -> None:
    """Write a comment for each state that the call has had so far, and to-dos for call-backs."""
    story = MEMORY.stories.of(event)
    assert isinstance(story, CallStory)  # noqa: S101 - it has a call's id
    for state in states(story):
        marker = f"envybox:call/{story.id}:{state}"
        with MEMORY.once(marker) as comment:
            if not comment.done:
                CRM.comment(place, NOTES.about(story, state), marker)
        if state.startswith("callback_"):
            with MEMORY.once(f"{marker}:todo") as todo:
                if not todo.done:
                    _call_back(event, story, place, marker)


def _call_back(event: Event, story: CallStory, place: Place, marker: str) -> None:
    responsible = SETTINGS.responsible.of(event.manager.department)
    CRM.todo(
        place,
        NOTES.call_back(story),
        marker,
        deadline=due(story).astimezone(SETTINGS.zone).isoformat(timespec="seconds"),
        **({"responsibleId": responsible} if responsible else {}),
    )
