"""What arrived at the stand-ins, as a person would see it: in the terminal, and as a page."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from examples.standins.bitrix24 import LEAD
from examples.standins.server import Reply, Request, StandIn
from examples.standins.telegram import shown
from examples.standins.together import Standins

REFRESH_SECONDS = 5
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #8886; border-radius: .6rem; padding: .6rem 1rem; margin: .7rem 0 }
article p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0 }
small { opacity: .75 } :root { color-scheme: light dark }
"""


class Entry(NamedTuple):
    """A message, a lead, a recording, a conversion. `links`: what it has buttons to."""

    head: str
    lines: list[str]
    links: Sequence[tuple[str, str]] = ()


class Section(NamedTuple):
    """What one service has now."""

    title: str
    entries: list[Entry]


def sections(standins: Standins, chat: int) -> list[Section]:
    """Return what each service has now."""
    return [
        _telegram(standins, chat),
        _bitrix24(standins),
        _amocrm(standins),
        _recordings(standins),
        *_conversions(standins),
    ]


def text(section: Section) -> str:
    """Return a section for the terminal; what has several lines stands in a frame."""
    rows = ["", section.title]
    for entry in section.entries:
        links = [f"[{name}] {link}" for name, link in entry.links]
        if not (inner := [line for text in (*entry.lines, *links) for line in text.split("\n")]):
            rows.append(f"  {entry.head}")
            continue
        rows += [f"  ┌ {entry.head}", *(f"  │ {line}" for line in inner), "  └"]
    return "\n".join(rows)


class Arrived(StandIn):
    """The page: it looks anew at each request, and asks to be asked again."""

    def __init__(self, look: Callable[[], list[Section]], console: str) -> None:
        super().__init__()
        self._look = look
        self._console = console

    def answer(self, _: Request) -> Reply:
        page = _page(self._look(), self._console)
        return Reply(200, page.encode(), {"content-type": "text/html; charset=utf-8"})


_HEAD = """
<!doctype html><html lang="en"><meta charset="utf-8"><title>What arrived where</title>
<meta http-equiv="refresh" content="{refresh}"><style>{style}</style><h1>What arrived where</h1>
<p>At stand-ins of the services, as it stands now. What was received, and a form to send more:
<a href="{console}">the console</a>.
"""


def _page(found: list[Section], console: str) -> str:
    parts = [_HEAD.strip().format(refresh=REFRESH_SECONDS, style=_STYLE, console=console)]
    for section in found:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        for entry in section.entries:
            lines = "".join(f"<p>{html.escape(line)}</p>" for line in entry.lines)
            links = " ".join(
                f'<a href="{html.escape(link)}">{html.escape(name)}</a>'
                for name, link in entry.links
            )
            head = html.escape(entry.head)
            parts.append(f"<article><small>{head}</small>{lines}<p>{links}</p></article>")
    return "\n".join(parts)


def _telegram(standins: Standins, chat: int) -> Section:
    messages = standins.telegram.messages(chat)
    return Section(
        f"Telegram: {len(messages)} messages, as they stand now",
        [
            Entry(
                "came without a sound" if message["disable_notification"] else "came with a sound",
                [shown(message["text"])],
                [
                    (button["text"], button["url"])
                    for row in (message.get("reply_markup") or {}).get("inline_keyboard", [])
                    for button in row
                ],
            )
            for message in messages
        ],
    )


def _bitrix24(standins: Standins) -> Section:
    leads = list(standins.bitrix24.items[LEAD].values())
    entries = []
    for lead in leads:
        phones = ", ".join(str(one["value"]) for one in lead["fm"] or [])
        comments = [
            f"comment  {_short(one['COMMENT'])}"
            for one in standins.bitrix24.comments
            if one["ENTITY_ID"] == lead["id"]
        ]
        todos = [
            f"to-do    {one['title']}, {one['deadline']}"
            for one in standins.bitrix24.todos
            if one["ownerId"] == lead["id"]
        ]
        head = f"№{lead['id']} {lead['title']}  {phones}  {lead['sourceId']}"
        entries.append(Entry(head, comments + todos))
    return Section(f"Bitrix24: {len(leads)} leads", entries)


def _amocrm(standins: Standins) -> Section:
    entries = []
    for number, lead in standins.amocrm.leads.items():
        notes = [
            f"note     {_short(_note(one))}"
            for one in standins.amocrm.notes
            if (one["entity_type"], one["entity_id"]) == ("leads", number)
        ]
        tasks = [
            f"task     {_short(one['text'])}"
            for one in standins.amocrm.tasks
            if one["entity_id"] == number
        ]
        entries.append(Entry(f"№{number} {lead['name']}  {', '.join(lead['tags'])}", notes + tasks))
    return Section(f"amoCRM: {len(entries)} leads", entries)


def _note(note: dict[str, Any]) -> str:
    told = note["params"].get("text")
    return str(told) if told else f"the call, of {note['params']['phone']}"


def _recordings(standins: Standins) -> Section:
    objects = standins.storage.objects
    entries = [
        Entry(f"{name}  {about['contentType']}  {len(content)} bytes", [])
        for name, (about, content) in objects.items()
    ]
    return Section(f"Cloud Storage: {len(objects)} recording", entries)


def _conversions(standins: Standins) -> list[Section]:
    events = [Entry(f"{one['name']}  client {one['client_id']}", []) for one in standins.ga4.events]
    lines = standins.metrica.lines
    rows = [Entry(f"{one['Target']}  client {one['ClientId']}", []) for one in lines]
    return [
        Section(f"Google Analytics 4: {len(events)} conversions", events),
        Section(f"Yandex.Metrica: {len(rows)} conversions", rows),
    ]


def _short(text: str) -> str:
    """Return a note's first lines on one, without the marker at its end."""
    lines = [line for line in text.split("\n") if not line.startswith("envybox:")]
    line = " · ".join(lines)
    return line if len(line) <= 110 else f"{line[:109]}…"
