"""A story as a message in Telegram: what happened, who, where from; in Russian or English.

Every value is cut, then escaped: a text that is cut afterwards may end within a tag.
"""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from envybox import CallStory, ChatStory, Event
from envybox.subscriber.answers import answers

WORDS = {
    "ru": {
        "client_no_answer": ("❌", "Клиент не взял трубку"),
        "operator_no_answer": ("❌", "Пропущенный звонок: оператор не взял трубку"),
        "operator_busy": ("❌", "Пропущенный звонок: оператор был занят"),
        "answered": ("✅", "Состоялся разговор"),
        "callback_ordered": ("📞", "Заказ звонка"),
        "callback_scheduled": ("⏰", "Заказ звонка на {time}"),
        "call": ("☎️", "Звонок"),
        "chat": ("💬", "Чат"),
        "lead.generator": ("🎯", "Заявка"),
        "lead.quiz": ("🎯", "Квиз"),
        "lead.video": ("🎯", "Заявка из видео"),
        "unknown": ("❔", "Новое событие"),
        "seconds": "{seconds} с",
        "recording": "Запись",
        "transcript": "Переписка",
        "console": "Подробно",
    },
    "en": {
        "client_no_answer": ("❌", "The client did not answer"),
        "operator_no_answer": ("❌", "Missed call: the operator did not answer"),
        "operator_busy": ("❌", "Missed call: the operator was busy"),
        "answered": ("✅", "They talked"),
        "callback_ordered": ("📞", "Call back, please"),
        "callback_scheduled": ("⏰", "Call back at {time}"),
        "call": ("☎️", "Call"),
        "chat": ("💬", "Chat"),
        "lead.generator": ("🎯", "Lead"),
        "lead.quiz": ("🎯", "Quiz"),
        "lead.video": ("🎯", "Lead from the video"),
        "unknown": ("❔", "A new kind of event"),
        "seconds": "{seconds} s",
        "recording": "Recording",
        "transcript": "Chat",
        "console": "Details",
    },
}
_CALM = frozenset({"answered", "client_no_answer", "call", "unknown"})
"""What asks nothing of anybody: neither in bold nor with a sound."""


class Message(NamedTuple):
    """What is sent, and whether it is to make a sound."""

    fields: dict[str, Any]
    loud: bool


def compose(
    event: Event,
    story: CallStory | ChatStory | None,
    *,
    language: str,
    zone: ZoneInfo,
    console: str,
) -> Message:
    """Return the message of a story, or of an event that has none."""
    words: dict[str, Any] = WORDS[language]
    kind = _kind(event, story, words)
    icon, title = words[kind]
    if isinstance(story, CallStory) and story.scheduled_at:
        title = title.format(time=_time(story.scheduled_at, zone))
    told = story or event
    lines = [
        f"{icon} {title}" if kind in _CALM else f"{icon} <b>{title}</b>",
        _join(
            " ",
            (_cut(told.visitor.phone or told.visitor.phone_text, 40), 0),
            (told.visitor.name, 80),
        ),
        _line(told.visitor.email, 100),
        _join(", ", *_talk(story, words)),
        _line(_said(event, story), 1500),
        _join(" · ", (told.page.site, 80), (told.visitor.place, 80), (told.page.url, 300)),
        _join(" / ", *((getattr(told.utm, name), 60) for name in told.utm.__struct_fields__))
        or _join(" ", (told.page.referrer, 80), (told.page.keyword, 80)),
        _moments(story, words, zone) or _time(event.occurred_at or event.received_at, zone),
    ]
    fields: dict[str, Any] = {
        "text": "\n".join(line for line in lines if line),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if buttons := _buttons(event, story, words, console):
        fields["reply_markup"] = {"inline_keyboard": [buttons]}
    return Message(fields, kind not in _CALM)


def _kind(event: Event, story: CallStory | ChatStory | None, words: dict[str, Any]) -> str:
    if isinstance(story, CallStory):
        return story.state if story.state in words else "call"
    if isinstance(story, ChatStory) or event.type.startswith("chat."):
        return "chat"
    state = event.call.state if event.call else None
    return next((name for name in (event.type, state) if name in words), "unknown")


def _talk(
    story: CallStory | ChatStory | None, words: dict[str, Any]
) -> list[tuple[str | None, int]]:
    """Return who talked and for how long."""
    if isinstance(story, ChatStory):
        return [(story.manager.name, 80), (story.manager.department, 80)] if story.manager else []
    if story is None or not story.answered:
        return []
    who = story.answered_by
    seconds = story.duration_seconds
    return [
        (who.name if who else None, 80),
        (who.department if who else None, 80),
        (words["seconds"].format(seconds=seconds) if seconds else None, 20),
    ]


def _said(event: Event, story: CallStory | ChatStory | None) -> str | None:
    """Return what the visitor wrote or answered: a form, or the first lines of a chat."""
    if isinstance(story, ChatStory):
        people = [entry.text for entry in story.transcript if entry.kind == "person"]
        return "\n".join(story.messages or people) or None
    if isinstance(story, CallStory):
        return None
    lines = [f"{name}: {value}" for name, value in answers(event)]
    message = event.chat.message if event.chat else None
    return "\n".join([message, *lines] if message else lines)


def _moments(story: CallStory | ChatStory | None, words: dict[str, Any], zone: ZoneInfo) -> str:
    """Return the states of a call with their times: `10:36 ❌ 10:41 ✅`."""
    if not isinstance(story, CallStory):
        return ""
    icons = [words.get(moment.state or "", words["call"])[0] for moment in story.moments]
    times = [f"{moment.at.astimezone(zone):%H:%M}" for moment in story.moments]
    shown = [f"{at} {icon}" for at, icon in zip(times, icons, strict=True)]
    day = f"{story.started_at.astimezone(zone):%d.%m}"
    return " ".join((day, *shown[-8:]))


def _buttons(
    event: Event, story: CallStory | ChatStory | None, words: dict[str, Any], console: str
) -> list[dict[str, str]]:
    links = {
        "recording": story.record_url if isinstance(story, CallStory) and story.answered else None,
        "transcript": story.link if isinstance(story, ChatStory) else None,
        "console": f"{console.rstrip('/')}/events/{event.id}" if console else None,
    }
    return [
        {"text": words[name], "url": link}
        for name, link in links.items()
        # Telegram refuses the whole message for a link that it does not like.
        if link and link.startswith(("http://", "https://")) and len(link) <= 2000
    ]


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d.%m %H:%M}"


def _line(text: str | None, longest: int) -> str:
    return html.escape(_cut(text, longest), quote=False)


def _join(separator: str, *parts: tuple[str | None, int]) -> str:
    """Return the parts that are there, each cut to its length (0: it is short)."""
    return separator.join(
        _line(text, longest or len(text)) for text, longest in parts if text and text.strip()
    )


def _cut(text: str | None, longest: int) -> str:
    """Return at most so much of a text, counted as Telegram counts: in units of UTF-16."""
    kept = (text or "").strip()
    while len(kept.encode("utf-16-le", "surrogatepass")) // 2 > longest:
        kept = kept[: longest - 1 if len(kept) > longest else -2].rstrip() + "…"
    return kept
