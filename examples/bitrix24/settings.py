"""The settings: environment variables, which README.md tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from envybox.errors import SettingsError
from envybox.settings import zone
from envybox.subscriber.config import Fields, Responsible, choice, fields, responsible
from envybox.subscriber.function import required
from envybox.subscriber.notes import LANGUAGES

_URL = re.compile(r"https://[^/\s]+/rest/[0-9]+/[^/\s]+/?|http://127\.0\.0\.1:[0-9]+/rest/.*")


class Settings(NamedTuple):
    """The settings, read."""

    webhook: str
    responsible: Responsible
    fields: Fields
    language: str
    zone: ZoneInfo


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    takes = "the URL of an incoming webhook with the right `crm`"
    webhook = required(environ, "BITRIX24_WEBHOOK_URL", takes)
    if not _URL.fullmatch(webhook):
        form = "https://PORTAL.bitrix24.ru/rest/USER/CODE/"
        raise SettingsError("BITRIX24_WEBHOOK_URL", f"it is not of the form {form}.")
    return Settings(
        webhook=webhook,
        responsible=responsible(environ, "BITRIX24_RESPONSIBLE"),
        fields=fields(environ, "BITRIX24_FIELDS"),
        language=choice(environ, "BITRIX24_LANGUAGE", LANGUAGES),
        zone=zone(environ),
    )
