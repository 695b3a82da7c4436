"""Brings calls, chats and leads into amoCRM: one lead a call, one note a state.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from envybox import CallStory, Event
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory
from envybox.subscriber.notes import Notes, due, states

from account import Account
from crm import Crm, Lead, Person, Place
from settings import load

SETTINGS = configured(load)
ACCOUNT = Account(SETTINGS.url, SETTINGS.token)
CRM = Crm(ACCOUNT)
MEMORY = memory("amocrm", os.environ)
NOTES = Notes(SETTINGS.language, SETTINGS.zone)

STATUSES = {
    "answered": 4,
    "client_no_answer": 6,
    "operator_no_answer": 3,
    "operator_busy": 7,
    "callback_ordered": 2,
    "callback_scheduled": 2,
}
"""What amoCRM calls a call's state; 8 is undefined."""


@function
def main(event: Event) -> str:
    """Find or make the lead of the event, and tell in it what happened."""
    visitor = event.visitor
    person = Person(NOTES.plain(visitor.name, 100) or None, visitor.phone, visitor.email)
    # Events of one person take turns: see crm.py.
    with MEMORY.once.subject(event, key=person.phone or person.email) as turn:
        if turn.done:
            return "done before"
        if not person.phone and not person.email:
            return "not brought in: neither a phone nor an e-mail address"
        if event.call and event.call.id and person.phone:
            return _bring_call(event, person)
        return _bring_form(event, person)


def _bring_call(event: Event, person: Person) -> str:
    story = MEMORY.stories.of(event)
    assert isinstance(story, CallStory)  # noqa: S101 - it has a call's id
    if not states(story):
        return "not yet: a call is brought in with what came of it"
    thread = f"call/{story.id}"

    def place(again: bool) -> Place:
        return CRM.place_call(_call(event, story, person), person, _lead(event), again=again)

    there = _placed(thread, place)
    for state in states(story):
        marker = f"envybox:{thread}:{state}"
        with MEMORY.once(marker) as note:
            if not note.done:
                CRM.note(there, NOTES.about(story, state), marker)
        if state.startswith("callback_"):
            with MEMORY.once(f"{marker}:task") as task:
                if not task.done:
                    _call_back(event, story, there, marker)
    return f"in {there.kind}/{there.id}"


def _bring_form(event: Event, person: Person) -> str:
    form = {
        "form_id": event.id,
        "form_name": event.type,
        "form_page": event.page.url or event.page.site or "",
        "form_sent_at": int(event.received_at.timestamp()),
        "ip": event.visitor.ip or "",
        "referer": event.page.referrer or "",
    }

    def place(again: bool) -> Place:
        return CRM.place_form(form, person, _lead(event), again=again)

    there = _placed(str(event.subject) if event.chat and event.chat.id else event.id, place)
    CRM.note(there, NOTES.text(event), f"envybox:{event.id}")
    return f"in {there.kind}/{there.id}"


def _placed(thread: str, place: Callable[[bool], Place]) -> Place:
    """Return where it is, and put it there once; `place` is told whether to look first."""
    with MEMORY.once(f"{thread}@place") as turn:
        if not turn.done:
            # Done whatever becomes of the act: after a time-out, say, the next try looks first.
            with MEMORY.once(f"{thread}@begun") as begun:
                again = begun.done
            turn.result = list(place(again))
        kind, number = turn.result
    return Place(kind, number)


def _call(event: Event, story: CallStory, person: Person) -> dict[str, Any]:
    manager = story.answered_by
    responsible = SETTINGS.responsible.of(event.manager.department)
    call = {
        "uniq": story.id,
        "direction": "inbound",
        "duration": story.duration_seconds or 0,
        "source": "Envybox",
        "phone": person.phone,
        "link": story.record_url if story.answered else None,
        "call_status": STATUSES.get(story.state or "", 8),
        "call_result": NOTES.state(story, story.state),
        "call_responsible": manager.name or manager.phone if manager else None,
        "responsible_user_id": responsible,
        "created_at": int(story.started_at.timestamp()),
    }
    return {name: value for name, value in call.items() if value is not None}


def _lead(event: Event) -> Lead:
    source = f"Envybox {NOTES.plain(event.page.site, 100)}".strip()
    fields = SETTINGS.fields.of(event)
    return Lead(NOTES.title(event), SETTINGS.tags, fields, source, SETTINGS.pipeline)


def _call_back(event: Event, story: CallStory, place: Place, marker: str) -> None:
    responsible = SETTINGS.responsible.of(event.manager.department)
    CRM.task(
        place,
        NOTES.call_back(story),
        marker,
        complete_till=int(due(story).timestamp()),
        **({"responsible_user_id": responsible} if responsible else {}),
    )
