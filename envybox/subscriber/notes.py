"""What a CRM is told of a call, a chat or a form: in words, Russian or English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from envybox.event import Event
from envybox.subscriber.answers import answers
from envybox.subscriber.stories import ANSWERED, CallStory

LONGEST = 8000
"""The most characters of a chat's or a form's text."""

SOON = timedelta(minutes=15)
"""When to call back who did not say when."""

_STATES = {
    "ru": {
        "client_no_answer": "Клиент не взял трубку",
        "operator_no_answer": "Пропущенный звонок: оператор не взял трубку",
        "operator_busy": "Пропущенный звонок: оператор был занят",
        "answered": "Состоялся разговор",
        "callback_ordered": "Заказ звонка",
        "callback_scheduled": "Заказ звонка на {time}",
    },
    "en": {
        "client_no_answer": "The client did not answer",
        "operator_no_answer": "Missed call: the operator did not answer",
        "operator_busy": "Missed call: the operator was busy",
        "answered": "They talked",
        "callback_ordered": "A call-back is ordered",
        "callback_scheduled": "A call-back is ordered for {time}",
    },
}
_WORDS = {
    "ru": {
        "call": "Звонок с сайта {site}",
        "chat": "Чат на сайте {site}",
        "lead": "Заявка с сайта {site}",
        "other": "Звонок",
        "todo": "Перезвонить: {who}",
        "seconds": "{seconds} с",
        "recording": "Запись: {link}",
        "transcript": "Переписка: {link}",
        "page": "Страница: {url}",
        "by": "Разговаривал: {name}",
    },
    "en": {
        "call": "Call from {site}",
        "chat": "Chat on {site}",
        "lead": "Lead from {site}",
        "other": "Call",
        "todo": "Call back: {who}",
        "seconds": "{seconds} s",
        "recording": "Recording: {link}",
        "transcript": "Chat: {link}",
        "page": "Page: {url}",
        "by": "Talked to: {name}",
    },
}
LANGUAGES = tuple(_WORDS)


class Notes:
    """Texts in one of `LANGUAGES`, with times in `zone`.

    `harmless` is given each text of a visitor's: what would be markup where it is shown is to
    be none afterwards.
    """

    def __init__(
        self, language: str, zone: tzinfo, *, harmless: Callable[[str], str] = str
    ) -> None:
        self._words = _WORDS[language]
        self._states = _STATES[language]
        self._zone = zone
        self._harmless = harmless

    def plain(self, text: str | None, longest: int = 2000) -> str:
        """Return a visitor's text: cut to so many characters, harmless; '' where there is none."""
        return self._harmless((text or "").strip()[:longest])

    def title(self, event: Event) -> str:
        """Return what a lead is called: `Call from example.com`."""
        kind = event.type.partition(".")[0]
        form = self._words[kind if kind in ("call", "chat") else "lead"]
        return form.format(site=self.plain(event.page.site, 100))

    def state(self, story: CallStory, state: str | None) -> str:
        """Return what a state of a call is called: `A call-back is ordered for …`."""
        at = story.scheduled_at.astimezone(self._zone) if story.scheduled_at else None
        form = self._states.get(state or "", self._words["other"])
        return form.format(time=f"{at:%d.%m.%Y %H:%M}" if at else "…")

    def about(self, story: CallStory, state: str) -> str:
        """Return what there is to tell of a state: a talk's has who, how long, the recording."""
        lines = [self.state(story, state)]
        if state == ANSWERED:
            if story.answered_by and story.answered_by.name:
                lines.append(self._words["by"].format(name=self.plain(story.answered_by.name, 100)))
            if story.duration_seconds:
                lines.append(self._words["seconds"].format(seconds=story.duration_seconds))
            if story.record_url:
                lines.append(self._words["recording"].format(link=self.plain(story.record_url)))
        return "\n".join(lines)

    def call_back(self, story: CallStory) -> str:
        """Return the title of a to-do to call back."""
        visitor = story.visitor
        return self._words["todo"].format(who=visitor.phone or self.plain(visitor.email, 100))

    def text(self, event: Event) -> str:
        """Return the text of a chat or a form: its title, what was said, where from."""
        chat = event.chat
        lines = [self.title(event)]
        if chat and chat.message:
            lines.append(self.plain(chat.message))
        lines += [f"{self.plain(name, 200)}: {self.plain(value)}" for name, value in answers(event)]
        if chat:
            lines += [
                f"{self.plain(one.author, 60)}: {self.plain(one.text, 500)}"
                for one in chat.transcript
            ]
            if chat.link:
                lines.append(self._words["transcript"].format(link=self.plain(chat.link)))
        if event.page.url:
            lines.append(self._words["page"].format(url=self.plain(event.page.url)))
        return "\n".join(lines)[:LONGEST]


def states(story: CallStory) -> list[str]:
    """Return the states that a call has had, each once, in the order of their receipt."""
    return list(dict.fromkeys(moment.state for moment in story.moments if moment.state))


def due(story: CallStory) -> datetime:
    """Return when to call back (UTC): as was ordered, or soon after the last that was heard."""
    return story.scheduled_at or story.updated_at + SOON
