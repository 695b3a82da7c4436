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

_DOMAIN = re.compile(r"(?!www\.)[a-z0-9-]+\.(amocrm\.(ru|com)|kommo\.com)", re.IGNORECASE)
_PATH = re.compile(r"(ids|utm|page|visitor|manager|extra)\.[A-Za-z0-9_]+")
_LOCAL = "http://127.0.0.1:"
FIELDS = {
    "UTM_SOURCE": "utm.source",
    "UTM_MEDIUM": "utm.medium",
    "UTM_CAMPAIGN": "utm.campaign",
    "UTM_CONTENT": "utm.content",
    "UTM_TERM": "utm.term",
    "ROISTAT": "ids.roistat",
}
"""The codes of a lead's fields, and what of an event fills them."""


class Settings(NamedTuple):
    """The settings, read."""

    url: str
    token: str
    pipeline: int | None
    tags: list[str]
    fields: dict[str, str]
    responsible: dict[str, int]
    language: str
    zone: ZoneInfo

    def responsible_of(self, department: str | None) -> int | None:
        """Return the user who is responsible for a department, or for all others, by his id."""
        return self.responsible.get((department or "").casefold()) or self.responsible.get("")

    def fields_of(self, event: Event) -> dict[str, str]:
        """Return the fields of a lead, filled from the event."""
        values = {code: _value(event, path) for code, path in self.fields.items()}
        return {code: value for code, value in values.items() if value}


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    domain = required(environ, "AMOCRM_DOMAIN", "the account's domain, `example.amocrm.ru`")
    if not _DOMAIN.fullmatch(domain) and not domain.startswith(_LOCAL):
        raise SettingsError("AMOCRM_DOMAIN", "it takes `example.amocrm.ru` or `….kommo.com`.")
    pipeline = environ.get("AMOCRM_PIPELINE", "").strip()
    if pipeline and not pipeline.isdecimal():
        raise SettingsError("AMOCRM_PIPELINE", "it takes the number in the pipeline's URL.")
    fields = _table(environ.get("AMOCRM_FIELDS") or json.dumps(FIELDS), "AMOCRM_FIELDS")
    if not all(_PATH.fullmatch(str(path)) for path in fields.values()):
        raise SettingsError("AMOCRM_FIELDS", "a value is no field of an event: `utm.source`.")
    language = environ.get("AMOCRM_LANGUAGE") or "ru"
    if language not in WORDS:
        raise SettingsError("AMOCRM_LANGUAGE", f"it takes one of {', '.join(WORDS)}.")
    users = environ.get("AMOCRM_RESPONSIBLE", "").strip() or "{}"
    given = {"": users} if users.isdecimal() else _table(users, "AMOCRM_RESPONSIBLE")
    if not all(str(user).isdecimal() for user in given.values()):
        raise SettingsError("AMOCRM_RESPONSIBLE", "a user is the number in his profile's URL.")
    tags = environ.get("AMOCRM_TAGS", "envybox").split(",")
    return Settings(
        url=domain if domain.startswith(_LOCAL) else f"https://{domain}",
        token=required(environ, "AMOCRM_TOKEN", "a long-lived token of a private integration"),
        pipeline=int(pipeline) if pipeline else None,
        tags=[tag.strip() for tag in tags if tag.strip()],
        fields=fields,
        responsible={name.casefold(): int(user) for name, user in given.items()},
        language=language,
        zone=zone(environ),
    )


def _table(text: str, name: str) -> dict[str, Any]:
    try:
        table = json.loads(text)
    except ValueError as error:
        raise SettingsError(name, "it is no JSON.") from error
    if not isinstance(table, dict):
        raise SettingsError(name, 'it takes a table, `{"…": "…"}`.')
    return table


def _value(event: Event, path: str) -> str | None:
    part, name = path.split(".")
    within = getattr(event, part)
    value = within.get(name) if isinstance(within, dict) else getattr(within, name, None)
    return str(value) if value else None
