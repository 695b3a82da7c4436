"""The settings: environment variables, which README.md tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from envybox import Event
from envybox.errors import SettingsError
from envybox.subscriber.function import required

from ga4 import Ga4
from metrica import Metrica
from table import DEFAULT, Row, read

_FIELD = re.compile(r"(extra)\.[A-Za-z0-9_]+")
_YES = frozenset({"1", "true", "yes", "on", "да"})


class Settings(NamedTuple):
    """The settings, read. A service that is not set is None."""

    rows: tuple[Row, ...]
    consent: str
    ga4: Ga4 | None
    metrica: Metrica | None

    def consents(self, event: Event) -> bool:
        """Return whether the visitor agreed, or it is set that all do."""
        if _FIELD.fullmatch(self.consent):
            return event.extra.get(self.consent.partition(".")[2], "").strip().lower() in _YES
        return self.consent == "granted"


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings. Raises `SettingsError`, which names the one that cannot be used."""
    try:
        rows = read(environ.get("CONVERSIONS_TABLE") or DEFAULT)
    except (ValueError, TypeError) as error:
        raise SettingsError("CONVERSIONS_TABLE", f"it cannot be read: {error}.") from error
    takes = "`granted`, or the field that says that the visitor agreed, `extra.consent`"
    consent = required(environ, "CONVERSIONS_CONSENT", takes)
    if consent != "granted" and not _FIELD.fullmatch(consent):
        raise SettingsError("CONVERSIONS_CONSENT", f"it takes {takes}.")
    ga4, metrica = _ga4(environ), _metrica(environ)
    if not ga4 and not metrica:
        raise SettingsError("GA4_MEASUREMENT_ID", "neither it nor METRICA_COUNTER is set.")
    return Settings(rows, consent, ga4, metrica)


def _ga4(environ: Mapping[str, str]) -> Ga4 | None:
    stream = environ.get("GA4_MEASUREMENT_ID", "").strip()
    if not stream:
        return None
    if not re.fullmatch(r"G-[A-Z0-9]+", stream):
        raise SettingsError("GA4_MEASUREMENT_ID", "it takes the stream's id, `G-…`.")
    secret = required(environ, "GA4_API_SECRET", "a secret of Measurement Protocol")
    url = environ.get("GA4_API") or "https://www.google-analytics.com"
    return Ga4(url, stream, secret)


def _metrica(environ: Mapping[str, str]) -> Metrica | None:
    counter = environ.get("METRICA_COUNTER", "").strip()
    if not counter:
        return None
    if not counter.isdecimal():
        raise SettingsError("METRICA_COUNTER", "it takes the counter's number.")
    token = required(environ, "METRICA_TOKEN", "an OAuth token with the right to upload")
    url = environ.get("METRICA_API") or "https://api-metrika.yandex.net"
    return Metrica(url, counter, token)
