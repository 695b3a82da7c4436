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

_DOMAIN = re.compile(r"(?!www\.)[a-z0-9-]+\.(amocrm\.(ru|com)|kommo\.com)", re.IGNORECASE)
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
    fields: Fields
    responsible: Responsible
    language: str
    zone: ZoneInfo


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    domain = required(environ, "AMOCRM_DOMAIN", "the account's domain, `example.amocrm.ru`")
    if not _DOMAIN.fullmatch(domain) and not domain.startswith(_LOCAL):
        raise SettingsError("AMOCRM_DOMAIN", "it takes `example.amocrm.ru` or `….kommo.com`.")
    pipeline = environ.get("AMOCRM_PIPELINE", "").strip()
    if pipeline and not pipeline.isdecimal():
        raise SettingsError("AMOCRM_PIPELINE", "it takes the number in the pipeline's URL.")
    tags = environ.get("AMOCRM_TAGS", "envybox").split(",")
    return Settings(
        url=domain if domain.startswith(_LOCAL) else f"https://{domain}",
        token=required(environ, "AMOCRM_TOKEN", "a long-lived token of a private integration"),
        pipeline=int(pipeline) if pipeline else None,
        tags=[tag.strip() for tag in tags if tag.strip()],
        fields=fields(environ, "AMOCRM_FIELDS", FIELDS),
        responsible=responsible(environ, "AMOCRM_RESPONSIBLE"),
        language=choice(environ, "AMOCRM_LANGUAGE", LANGUAGES),
        zone=zone(environ),
    )
