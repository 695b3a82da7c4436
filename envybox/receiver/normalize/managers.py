"""The managers that were called."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from envybox.event import ManagerPhone
from envybox.receiver.normalize import jsontext
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.text import filled

_FIELD = "managers_phones"
_NAMES = ("manager_name", "name")
_KEYS = {"phone", *_NAMES}
_MOST = 200  # bounds the time taken: parsing a phone number is slow


def managers_of(form: Form) -> list[ManagerPhone]:
    """Return the managers of `managers_phones`, at most 200 of them.

    Read are a list of objects (`manager_name` or `name`, `phone`) or of phone numbers,
    an object of these, and one alone.
    """
    entries = _entries(form.json(_FIELD, otherwise=[]))
    if len(entries) > _MOST:
        form.warnings.add(_FIELD, f"over {_MOST} entries")
    managers = (_manager(form, entry) for entry in entries[:_MOST])
    return [manager for manager in managers if manager is not None]


def _entries(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and _KEYS.isdisjoint(value):
        return list(value.values())
    return [value]


def _manager(form: Form, entry: Any) -> ManagerPhone | None:
    if isinstance(entry, str) and entry.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError):  # each entry was encoded by itself, too
            entry = jsontext.decode(entry)[0]
    if isinstance(entry, dict):
        names = (_text(form, entry.get(key)) for key in _NAMES)
        return ManagerPhone(
            name=next((name for name in names if name is not None), None),
            phone=_phone(form, entry.get("phone")),
        )
    if entry is None:
        form.warnings.add(_FIELD, "an entry that is no manager")
        return None
    phone = _phone(form, entry)
    return None if phone is None else ManagerPhone(phone=phone)


def _phone(form: Form, value: Any) -> str | None:
    text = _text(form, value)
    return None if text is None else form.e164(_FIELD, text)


def _text(form: Form, value: Any) -> str | None:
    """Return text, or a number as text; None for blank text and, with a warning, all else."""
    if isinstance(value, str):
        return filled(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None:
        form.warnings.add(_FIELD, "an entry that is no manager")
    return None
