"""The settings: environment variables, which README.md tells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from envybox import Event
from envybox.errors import SettingsError
from envybox.settings import zone
from envybox.subscriber.function import required

from words import WORDS

_URL = re.compile(r"https://[^/\s]+/rest/[0-9]+/[^/\s]+/?|http://127\.0\.0\.1:[0-9]+/rest/.*")
_PATH = re.compile(r"(ids|utm|page|visitor|manager|extra)\.[A-Za-z0-9_]+")


class Settings(NamedTuple):
    """The settings, read."""

    webhook: str
    responsible: dict[str, int]
    fields: dict[str, str]
    language: str
    zone: ZoneInfo

    def responsible_of(self, department: str | None) -> int | None:
        """Return the user who is responsible for a department, or for all others, by his id."""
        return self.responsible.get((department or "").casefold()) or self.responsible.get("")

    def own_fields(self, event: Event) -> dict[str, str]:
        """Return the fields of the portal's own that are filled from the event."""
        values = {name: _value(event, path) for name, path in self.fields.items()}
        return {name: value for name, value in values.items() if value}


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    takes = "the URL of an incoming webhook with the right `crm`"
    webhook = required(environ, "BITRIX24_WEBHOOK_URL", takes)
    if not _URL.fullmatch(webhook):
        form = "https://PORTAL.bitrix24.ru/rest/USER/CODE/"
        raise SettingsError("BITRIX24_WEBHOOK_URL", f"it is not of the form {form}.")
    language = environ.get("BITRIX24_LANGUAGE") or "ru"
    if language not in WORDS:
        raise SettingsError("BITRIX24_LANGUAGE", f"it takes one of {', '.join(WORDS)}.")
    fields = _table(environ, "BITRIX24_FIELDS", '{"ufCrmRoistat": "ids.roistat"}')
    if not all(_PATH.fullmatch(str(path)) for path in fields.values()):
        raise SettingsError("BITRIX24_FIELDS", "a value is no field of an event: `ids.roistat`.")
    users = environ.get("BITRIX24_RESPONSIBLE", "").strip()
    if users.isdecimal():
        users = json.dumps({"": int(users)})
    given = _table({"BITRIX24_RESPONSIBLE": users}, "BITRIX24_RESPONSIBLE", '12 or {"sales": 12}')
    if not all(str(user).isdecimal() for user in given.values()):
        raise SettingsError("BITRIX24_RESPONSIBLE", "a user is the number in his profile's URL.")
    return Settings(
        webhook=webhook,
        responsible={name.casefold(): int(user) for name, user in given.items()},
        fields=fields,
        language=language,
        zone=zone(environ),
    )


def _table(environ: Mapping[str, str], name: str, example: str) -> dict[str, Any]:
    try:
        table = json.loads(environ.get(name) or "{}")
    except ValueError as error:
        raise SettingsError(name, f"it is no JSON; it takes {example}.") from error
    if not isinstance(table, dict):
        raise SettingsError(name, f"it takes {example}.")
    return table


def _value(event: Event, path: str) -> str | None:
    part, name = path.split(".")
    within = getattr(event, part)
    value = within.get(name) if isinstance(within, dict) else getattr(within, name, None)
    return str(value) if value else None
