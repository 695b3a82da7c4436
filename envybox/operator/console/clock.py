"""Times of UTC as the clock on the wall has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo


class Clock:
    """Tells times in a zone; `words` has the names of months and units."""

    def __init__(self, zone: tzinfo, now: datetime, words: Mapping[str, str]) -> None:
        self._zone = zone
        self._now = now
        self._today = now.astimezone(zone).date()
        self._words = words

    def at(self, at: datetime) -> str:
        """Return `14:32:15`, with its day before it where that is not today."""
        local = at.astimezone(self._zone)
        return (
            f"{local:%H:%M:%S}" if local.date() == self._today else self._dated(local, "%H:%M:%S")
        )

    def minute(self, at: datetime) -> str:
        """Return `28 Nov 14:32`."""
        return self._dated(at.astimezone(self._zone), "%H:%M")

    def day(self, at: datetime) -> str:
        """Return `28 Nov`, with its year where that is not this one."""
        local = at.astimezone(self._zone)
        month = self._words["date.months"].split()[local.month - 1]
        year = "" if local.year == self._today.year else f" {local.year}"
        return f"{local.day} {month}{year}"

    def field(self, at: datetime) -> str:
        """Return `2026-11-28T14:32`, as a URL and a field for times have it."""
        return f"{at.astimezone(self._zone):%Y-%m-%dT%H:%M}"

    def whole(self, at: datetime) -> str:
        """Return `2026-11-28 14:32:15 +0300`."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S %z}"

    def age(self, at: datetime) -> str:
        """Return how long ago it was: `12 min`."""
        return self.lasted((self._now - at).total_seconds())

    def lasted(self, seconds: float) -> str:
        """Return a length of time in one unit, none of the smaller ones."""
        for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
            if seconds >= size * 2:
                return f"{int(seconds // size)} {self._words[f'unit.{unit}']}"
        return f"{max(0, int(seconds))} {self._words['unit.seconds']}"

    def _dated(self, local: datetime, form: str) -> str:
        return f"{self.day(local)} {local:{form}}"


def talk(seconds: int) -> str:
    """Return the length of a talk: `1:05`."""
    return f"{seconds // 60}:{seconds % 60:02d}"
