"""The settings: environment variables, which README.md tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from envybox.errors import SettingsError
from envybox.settings import zone
from envybox.subscriber.function import required

HOSTS = (
    "callbackkiller.com cbkiller.com envybox.io envybox.su envybox.company envybox.family "
    "envycrm.com envycdp.com envycdp.ru whitesaas.com saas-support.com quizlink.ru myenvy.ru "
    "killercb.ru"
)
"""The vendor's hosts, from public lists."""

_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?")


class Settings(NamedTuple):
    """The settings, read."""

    bucket: str
    hosts: frozenset[str]
    most_bytes: int
    patience: timedelta
    zone: ZoneInfo


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    hosts = (environ.get("RECORDINGS_HOSTS") or HOSTS).lower().replace(",", " ").split()
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise SettingsError("RECORDINGS_HOSTS", "it takes hosts, `example.com`, by commas.")
    return Settings(
        bucket=required(environ, "RECORDINGS_BUCKET", "a bucket of Cloud Storage"),
        hosts=frozenset(hosts),
        most_bytes=_number(environ, "RECORDINGS_MAX_MB", 50, 100) * 1024 * 1024,
        patience=timedelta(hours=_number(environ, "RECORDINGS_PATIENCE_HOURS", 24, 168)),
        zone=zone(environ),
    )


def _number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise SettingsError(name, f"it takes a whole number from 1 to {most}.")
    return int(text)
