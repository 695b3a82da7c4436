"""What arrived at the stand-ins, as a person would see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from examples.standins.bitrix24 import LEAD
from examples.standins.telegram import shown

if TYPE_CHECKING:
    from examples.demo import Standins

Say = Callable[[str], None]


def show(standins: Standins, chat: int, say: Say) -> None:
    """Say what each service has now."""
    _telegram(standins, chat, say)
    _bitrix24(standins, say)
    _amocrm(standins, say)
    _recording(standins, say)
    _conversions(standins, say)


def _telegram(standins: Standins, chat: int, say: Say) -> None:
    messages = standins.telegram.messages(chat)
    say(f"\nTelegram: {len(messages)} messages, as they stand now")
    for message in messages:
        sound = "without a sound" if message["disable_notification"] else "with a sound"
        buttons = (message.get("reply_markup") or {}).get("inline_keyboard", [[]])[0]
        lines = shown(message["text"]).split("\n")
        lines += [" ".join(f"[{button['text']}]" for button in buttons)] if buttons else []
        say(f"  ┌ {sound}")
        for line in lines:
            say(f"  │ {line}")
        say("  └")


def _bitrix24(standins: Standins, say: Say) -> None:
    leads = standins.bitrix24.items[LEAD].values()
    say(f"\nBitrix24: {len(leads)} leads")
    for lead in leads:
        say(f"  №{lead['id']} {lead['title']}  {_phone(lead['fm'])}  {lead['sourceId']}")
        for comment in standins.bitrix24.comments:
            if comment["ENTITY_ID"] == lead["id"]:
                say(f"    comment  {_short(comment['COMMENT'])}")
        for todo in standins.bitrix24.todos:
            if todo["ownerId"] == lead["id"]:
                say(f"    to-do    {todo['title']}, {todo['deadline']}")


def _amocrm(standins: Standins, say: Say) -> None:
    say(f"\namoCRM: {len(standins.amocrm.leads)} leads")
    for number, lead in standins.amocrm.leads.items():
        say(f"  №{number} {lead['name']}  {', '.join(lead['tags'])}")
        for note in standins.amocrm.notes:
            if (note["entity_type"], note["entity_id"]) == ("leads", number):
                text = note["params"].get("text") or f"a call of {note['params']['phone']}"
                say(f"    note     {_short(text)}")
        for task in standins.amocrm.tasks:
            if task["entity_id"] == number:
                say(f"    task     {_short(task['text'])}")


def _recording(standins: Standins, say: Say) -> None:
    objects = standins.storage.objects
    say(f"\nCloud Storage: {len(objects)} recording")
    for name, (about, content) in objects.items():
        say(f"  {name}  {about['contentType']}  {len(content)} bytes")


def _conversions(standins: Standins, say: Say) -> None:
    say(f"\nGoogle Analytics 4: {len(standins.ga4.events)} conversions")
    for event in standins.ga4.events:
        say(f"  {event['name']}  client {event['client_id']}")
    say(f"\nYandex.Metrica: {len(standins.metrica.lines)} conversions")
    for line in standins.metrica.lines:
        say(f"  {line['Target']}  client {line['ClientId']}")


def _phone(contacts: list[dict[str, Any]]) -> str:
    return ", ".join(str(one["value"]) for one in contacts)


def _short(text: str) -> str:
    """Return a note's first lines on one, without the marker at its end."""
    lines = [line for line in text.split("\n") if not line.startswith("envybox:")]
    line = " · ".join(lines)
    return line if len(line) <= 110 else f"{line[:109]}…"
