"""Times: what Envybox writes without an offset, in UTC.

Formats (the help page's examples and captured webhooks): `2021-03-02 10:36:14`,
`01.01.2021 в 0:00:00`, `01.01.2021 0:00`. Read too, for others of this trade write them:
ISO 8601 with a `T`, a fraction or an offset; `02.03.2021, 10:36`; a year of two digits, in
this century; seconds and milliseconds since 1970, which are UTC's. A year before 2000 is
nobody's: the clock was not set, or the field was empty (`1970-01-01 03:00:00`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"(?: ?(Z|([+-])(\d\d)(?::?(\d\d))?))?",
    re.ASCII | re.IGNORECASE,
)
_DOTTED = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d) (\d{1,2}):(\d\d)(?::(\d\d))?",
    re.ASCII,
)
_UNIX = re.compile(r"(\d{9,10})(\d{3})?(?:\.\d{1,9})?", re.ASCII)
_SEPARATOR = re.compile(r",? (?:[вВ] )?|,(?=\d?\d:)")
_FIRST_YEAR = 2000
_NEVER = re.compile(r"0000-00-00(?:[T ]00:00(?::00)?)?")


def is_never(text: str) -> bool:
    """Tell whether the text is MySQL's `0000-00-00 00:00:00`, which says: no time."""
    return _NEVER.fullmatch(text.strip()) is not None


def utc(text: str, zone: ZoneInfo) -> datetime:
    """Return the time in UTC; without an offset it is in the zone.

    An hour that the zone's clocks show twice is the first of the two. Raises
    `ValueError` where the text is not a time, or not one from year 2000 to 9999.
    """
    text = " ".join(text.split()).replace(" в ", " ")
    if "," in text or "В" in text:
        text = _SEPARATOR.sub(" ", text)
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction = match.groups(default="0")[:7]
        microsecond = fraction[:6].ljust(6, "0")
        parts = (year, month, day, hour, minute, second, microsecond)
        return of_parts(parts, _offset(match) or zone)
    if match := _DOTTED.fullmatch(text):
        day, month, year, hour, minute, second = match.groups(default="0")
        year = year if len(year) == 4 else f"20{year}"
        return of_parts((year, month, day, hour, minute, second, "0"), zone)
    if match := _UNIX.fullmatch(text):
        time = datetime.fromtimestamp(int(match[1]), UTC)
        if time.year >= _FIRST_YEAR:
            return time.replace(microsecond=int(match[2] or 0) * 1000)
    raise ValueError("not a time")


def of_parts(parts: Iterable[str], zone: tzinfo) -> datetime:
    """Return in UTC the time whose parts, year to microsecond, are digits of the zone's clock.

    Raises `ValueError` where there is no such time from year 2000 to 9999.
    """
    year, month, day, hour, minute, second, microsecond = map(int, parts)
    if year < _FIRST_YEAR:
        raise ValueError("not a time of this century")
    try:
        local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
        return local.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("not a time from year 2000 to 9999") from error


def _offset(match: re.Match[str]) -> tzinfo | None:
    if match[8] is None:
        return None
    if match[9] is None:
        return UTC
    offset = timedelta(hours=int(match[10]), minutes=int(match[11] or 0))
    return timezone(-offset if match[9] == "-" else offset)
