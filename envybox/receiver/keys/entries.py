"""The text of a setting that holds keys, taken apart."""

from __future__ import annotations

import re
from typing import NamedTuple

from envybox.errors import SettingsError

# Envybox's keys are 32 lower-case hex digits; longer or richer ones are taken, should it
# change its mind, but nothing that can be guessed or was pasted with its neighbours.
_KEY = re.compile(r"[0-9A-Za-z_-]{16,128}")
_LABEL = re.compile(r"[^\s,=/\ud800-\udfff]{1,64}")

WELL_FORMED = re.compile(r"[0-9a-f]{32}")
"""A key as Envybox makes them."""


class Entries(NamedTuple):
    """What a text holds: key → label, and what is wrong with the entries that do not count."""

    keys: dict[str, str]
    problems: list[SettingsError]


def read(text: str, name: str) -> Entries:
    """Return what a text holds: `label=key` or `key` (label `default`).

    They are separated by commas or white space. A problem tells the setting's name and the
    position of what cannot be used, never the text: it is secret.
    """
    keys: dict[str, str] = {}
    problems = []
    for position, entry in enumerate(re.split(r"[\s,]+", text.strip(" \t\r\n,\ufeff")), start=1):
        if not entry:
            continue
        label, equals, key = entry.rpartition("=")
        if not equals:
            label = "default"
        problem = _problem(position, label, key)
        if problem is None and keys.setdefault(key, label) != label:
            problem = f"the key of entry {position} has two labels."
        if problem is not None:
            problems.append(SettingsError(name, problem))
    return Entries(keys, problems)


def parse(text: str, name: str) -> dict[str, str]:
    """Return key → label of a text as `read` does. Raises the first problem."""
    keys, problems = read(text, name)
    if problems:
        raise problems[0]
    return keys


def _problem(position: int, label: str, key: str) -> str | None:
    if not _LABEL.fullmatch(label) or not _KEY.fullmatch(key):
        return (
            f"entry {position} is not `label=key` or `key`: a key is 32 lower-case hex "
            "digits, a label up to 64 characters without `,`, `=`, `/` and white space."
        )
    if WELL_FORMED.fullmatch(label.lower()):  # it would be every event's account
        return f"the label of entry {position} is a key itself: put a comma between keys."
    if key.lower() != key and WELL_FORMED.fullmatch(key.lower()):
        return f"the key of entry {position} has capitals: Envybox sends lower case."
    return None
