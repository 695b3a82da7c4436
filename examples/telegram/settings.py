"""The settings: environment variables, which README.md tells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import time
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from envybox import Event
from envybox.errors import SettingsError
from envybox.settings import zone
from envybox.subscriber.config import choice
from envybox.subscriber.function import required

from message import WORDS

_CHAT = re.compile(r"-?[0-9]+|@[A-Za-z0-9_]+")
_CONDITIONS = ("site", "department", "type")
_TAKES = (
    "a chat's id, such as `-1001234567890`, several separated by commas, or a JSON list such "
    'as [{"chat": "-1001234567890", "site": "example.com", "type": "call.*"}]'
)


class Chat(NamedTuple):
    """A chat, its topic in a forum, and the events that it is told: patterns, such as `call.*`."""

    id: str
    topic: int | None = None
    site: str = "*"
    department: str = "*"
    type: str = "*"

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.id}:{self.topic}" if self.topic else self.id

    def takes(self, event: Event) -> bool:
        """Return whether it is told this event."""
        values = (event.page.site, event.manager.department, event.type)
        patterns = (self.site, self.department, self.type)
        return all(
            fnmatchcase((value or "").casefold(), pattern.casefold())
            for value, pattern in zip(values, patterns, strict=True)
        )


class Settings(NamedTuple):
    """The settings, read."""

    token: str
    chats: tuple[Chat, ...]
    language: str
    quiet: tuple[time, time] | None
    console: str
    patience: float
    zone: ZoneInfo
    api: str


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    token = required(environ, "TELEGRAM_TOKEN", "what @BotFather gave you")
    if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token):
        raise SettingsError("TELEGRAM_TOKEN", "it is not of the form `123456:ABC…`.")
    patience = environ.get("TELEGRAM_PATIENCE_SECONDS") or "10"
    if not patience.isdecimal() or int(patience) > 40:
        raise SettingsError("TELEGRAM_PATIENCE_SECONDS", "it takes 0 to 40.")
    return Settings(
        token=token,
        chats=_chats(required(environ, "TELEGRAM_CHATS", _TAKES)),
        language=choice(environ, "TELEGRAM_LANGUAGE", tuple(WORDS)),
        quiet=_quiet(environ.get("TELEGRAM_QUIET_HOURS", "").strip()),
        console=environ.get("TELEGRAM_CONSOLE_URL", "").strip(),
        patience=int(patience),
        zone=zone(environ),
        api=environ.get("TELEGRAM_API") or "https://api.telegram.org",
    )


def _chats(text: str) -> tuple[Chat, ...]:
    try:
        given = json.loads(text) if text.startswith("[") else text.replace(",", " ").split()
        chats = tuple(_chat(one) for one in given)
    except (ValueError, TypeError, KeyError) as error:
        raise SettingsError("TELEGRAM_CHATS", f"it cannot be read; it takes {_TAKES}.") from error
    if len({chat.name for chat in chats}) < len(chats):
        raise SettingsError("TELEGRAM_CHATS", "it has a chat twice; `type` takes `call.*` and `*`.")
    return chats


def _chat(given: str | dict[str, str | int]) -> Chat:
    fields = dict(given) if isinstance(given, dict) else {"chat": given}
    chat, topic = str(fields.pop("chat")), fields.pop("topic", None)
    if not _CHAT.fullmatch(chat) or not set(fields) <= set(_CONDITIONS):
        raise ValueError(chat)
    conditions = {name: str(pattern) for name, pattern in fields.items()}
    return Chat(chat, int(topic) if topic is not None else None, **conditions)


def _quiet(text: str) -> tuple[time, time] | None:
    if not text:
        return None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise SettingsError("TELEGRAM_QUIET_HOURS", "it takes hours, `22:00-08:00`.") from error
    return begin, end


def is_quiet(quiet: tuple[time, time] | None, now: time) -> bool:
    """Return whether it is a quiet hour; these may go over midnight."""
    if quiet is None:
        return False
    begin, end = quiet
    return begin <= now < end if begin <= end else now >= begin or now < end
