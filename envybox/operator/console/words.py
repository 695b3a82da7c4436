"""What the console says, in English and in Russian: two flat dictionaries with the same keys."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

LANGUAGES = {"en": "English", "ru": "Русский"}

_FOLDER = Path(__file__).with_name("words")


@cache
def words(language: str) -> dict[str, str]:
    """Return key → text in one of `LANGUAGES`."""
    return msgspec.json.decode((_FOLDER / f"{language}.json").read_bytes(), type=dict[str, str])


def choose(cookie: str | None, accepted: str) -> str:
    """Return the language that was chosen, else the first that the browser asks for and is here.

    `accepted` is the header Accept-Language; its weights are given in falling order by all
    browsers, and so not looked at.
    """
    if cookie in LANGUAGES:
        return str(cookie)
    asked = (part.split(";")[0].strip()[:2].lower() for part in accepted.split(","))
    return next((language for language in asked if language in LANGUAGES), "en")
