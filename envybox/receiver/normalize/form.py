"""The form: a webhook's fields, read one by one, with a warning where one cannot be."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from envybox.receiver.normalize import jsontext, phone, text, times
from envybox.receiver.normalize.warn import Warnings


class Form:
    """Fields by name, and what is needed to read them.

    `zone` is that of times without an offset, `region` that of phone numbers without a
    country code. What cannot be read gives None and a warning; nothing here raises.
    """

    __slots__ = ("region", "values", "warnings", "zone")

    def __init__(
        self, values: dict[str, str], warnings: Warnings, zone: ZoneInfo, region: str
    ) -> None:
        self.values = values
        self.warnings = warnings
        self.zone = zone
        self.region = region

    def text(self, name: str) -> str | None:
        """Return a field's text as received; None where it is missing or blank."""
        value = self.values.get(name)
        return value if value and not value.isspace() else None

    def id(self, name: str) -> str | None:
        """Return a field that holds an id of Envybox's own."""
        return text.identified(self.values.get(name))

    def html(self, name: str) -> str | None:
        """Return a field's text, HTML unescaped."""
        value = self.text(name)
        return None if value is None else text.unescape(value)

    def number(self, name: str) -> int | None:
        """Return a field that holds a whole number."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return text.whole_number(value)
        except ValueError:
            self.warnings.add(name, "not a number")
            return None

    def time_text(self, name: str) -> str | None:
        """Return the text of a field that holds a time; None also for a zero date."""
        value = self.text(name)
        return None if value is None or times.is_never(value) else value

    def time(self, name: str) -> datetime | None:
        """Return a field that holds a time, in UTC."""
        value = self.time_text(name)
        return None if value is None else self.utc(name, value)

    def utc(self, name: str, value: str) -> datetime | None:
        """Return a time found in a field, in UTC."""
        try:
            return times.utc(value, self.zone)
        except ValueError:
            self.warnings.add(name, "not a time")
            return None

    def phone(self, name: str) -> str | None:
        """Return a field that holds a phone number, in E.164."""
        value = self.text(name)
        return None if value is None else self.e164(name, value)

    def e164(self, name: str, value: str) -> str | None:
        """Return a phone number found in a field, in E.164."""
        try:
            return phone.e164(value, self.region)
        except ValueError:
            self.warnings.add(name, "not a phone number")
            return None

    def json(self, name: str, *, otherwise: Any) -> Any:
        """Return a field that holds JSON; `otherwise` where it does not, None if blank."""
        value = self.text(name)
        if value is None:
            return None
        try:
            decoded, replaced = jsontext.decode(value)
        except RecursionError:
            self.warnings.add(name, "nested too deeply")
            return otherwise
        except ValueError:
            self.warnings.add(name, "not JSON")
            return otherwise
        if replaced:
            self.warnings.add(name, "a lone surrogate was replaced")
        return decoded
