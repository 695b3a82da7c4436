"""Settings that several subscribers take: a choice, a table, users by department, CRM fields.

Each raises `SettingsError`, which names the variable and says what it takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from envybox.errors import SettingsError
from envybox.event import Event, Ids, Manager, Page, Utm, Visitor

_PARTS = {"ids": Ids, "utm": Utm, "page": Page, "visitor": Visitor, "manager": Manager}
_EXTRA = re.compile(r"extra\.[A-Za-z0-9_]+")


def choice(environ: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Return one of the choices, the first where it is not set."""
    value = environ.get(name, "").strip() or choices[0]
    if value not in choices:
        raise SettingsError(name, f"it takes one of {', '.join(choices)}.")
    return value


def table(environ: Mapping[str, str], name: str, takes: str) -> dict[str, Any]:
    """Return a JSON object, empty where it is not set; `takes` is an example of it."""
    try:
        given = json.loads(environ.get(name, "").strip() or "{}")
    except ValueError as error:
        raise SettingsError(name, f"it is no JSON; it takes {takes}.") from error
    if not isinstance(given, dict):
        raise SettingsError(name, f"it takes {takes}.")
    return given


class Responsible(NamedTuple):
    """Who is responsible, by department; `''` is for all others."""

    users: Mapping[str, int]

    def of(self, department: str | None) -> int | None:
        """Return the id of the user for a department, however it is capitalized, or None."""
        return self.users.get((department or "").casefold()) or self.users.get("")


def responsible(environ: Mapping[str, str], name: str) -> Responsible:
    """Return the users of `12`, for all, or of `{"sales": 12, "": 7}`."""
    text = environ.get(name, "").strip()
    if text.isdecimal():
        return Responsible({"": int(text)})
    given = table(environ, name, '`12` or `{"sales": 12}`')
    if not all(str(user).isdecimal() for user in given.values()):
        raise SettingsError(name, "a user is the number in his profile's URL.")
    return Responsible({name.casefold(): int(user) for name, user in given.items()})


class Fields(NamedTuple):
    """A CRM's fields, and what of an event fills them: `{"ROISTAT": "ids.roistat"}`."""

    paths: Mapping[str, str]

    def of(self, event: Event) -> dict[str, str]:
        """Return the fields that the event has a value for."""
        values = {name: _value(event, path) for name, path in self.paths.items()}
        return {name: value for name, value in values.items() if value}


def fields(
    environ: Mapping[str, str], name: str, default: Mapping[str, str] | None = None
) -> Fields:
    """Return the fields that are set, else those of `default`."""
    if not environ.get(name, "").strip():
        return Fields(default or {})
    given = table(environ, name, '`{"ROISTAT": "ids.roistat"}`')
    if not all(_is_field(path) for path in given.values()):
        raise SettingsError(name, "a value is no field of an event, such as `ids.roistat`.")
    return Fields(given)


def _is_field(path: Any) -> bool:
    part, _, name = str(path).partition(".")
    if part in _PARTS:
        return name in _PARTS[part].__struct_fields__
    return bool(_EXTRA.fullmatch(str(path)))


def _value(event: Event, path: str) -> str | None:
    part, name = path.split(".")
    within = getattr(event, part)
    value = within.get(name) if isinstance(within, dict) else getattr(within, name, None)
    return str(value) if value else None
