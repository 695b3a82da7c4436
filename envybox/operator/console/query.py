"""What a list's URL asks for: filters, a stretch of time, a place in the list.

The URL is the page's whole state: it can be kept, sent on and opened in another tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import click
import msgspec

from envybox.operator.options import moment, phone
from envybox.ports.lookup import Filters

PERIODS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}
"""The stretches of time that a list can be of, up to now."""

LISTED = ("type", "state", "site", "account")
"""What the lists beside the events are counted by."""

SELECTIVE = ("phone", "email", "visitor", "call", "chat")
"""What few events share: a list of these is of all times, unless it says otherwise."""

_FLAGS = ("pending", "warnings")
_TIMES = {"since", "until"}
_NAMES = (*LISTED, *SELECTIVE, *_FLAGS, *_TIMES, "period", "cursor")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A list's URL, read. `given` are its parameters, those that mean something alone."""

    given: dict[str, str]
    filters: Filters
    period: str
    cursor: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are on, without time."""
        return {
            name: self.given[name] for name in (*LISTED, *SELECTIVE, *_FLAGS) if name in self.given
        }

    def url(self, path: str, **changes: str | None) -> str:
        """Return the URL of a list with other parameters; None takes one away.

        Another list begins at its beginning.
        """
        given = {name: value for name, value in self.given.items() if name != "cursor"}
        changed = {name: value for name, value in (given | changes).items() if value is not None}
        return path + ("?" + urlencode(changed) if changed else "")


def parse(parameters: Mapping[str, str], *, now: datetime, zone: ZoneInfo, region: str) -> Query:
    """Return what a URL asks for, times and phones as the commands read them.

    Raises `ValueError`, whose text names the parameter and what it takes.
    """
    given = {name: parameters[name].strip() for name in _NAMES if parameters.get(name, "").strip()}
    times = {}
    for name in _TIMES & given.keys():
        try:
            times[name] = moment(given[name], zone, now)
        except click.BadParameter as error:
            raise ValueError(f"{name}: {error.message}") from error
    period = given.get("period", _usual(given))
    if period not in PERIODS:
        raise ValueError(f"period: {period!r} is none of {', '.join(PERIODS)}")
    span = PERIODS[period]
    if span is not None and not times:
        times["since"] = now - span
    values = {name: given[name] for name in (*LISTED, *SELECTIVE) if name in given}
    if "phone" in given:
        values["phone"] = phone(given["phone"], region)
    flags = {name: True for name in _FLAGS if given.get(name) == "1"}
    return Query(
        given=given,
        filters=msgspec.convert({**values, **flags, **times}, Filters),
        period="" if "since" in given or "until" in given else period,
        cursor=given.get("cursor", ""),
    )


def _usual(given: Iterable[str]) -> str:
    return "all" if {*SELECTIVE, *_FLAGS, *_TIMES} & {*given} else "24h"


_ID = re.compile("[0-9a-f]{32}")


def guess(text: str) -> dict[str, str]:
    """Return what the text in the search box may be, the likeliest first: name → value."""
    text = text.strip()
    if _ID.fullmatch(text):
        return {"event": text}
    if "@" in text:
        return {"email": text}
    if re.fullmatch(r"\+?[\d\s().-]{10,}", text):
        return {"phone": text, "visitor": text, "call": text, "chat": text}
    if re.search(r"\d", text) and not re.search(r"\.[^\W\d]", text):
        return {"call": text, "chat": text, "visitor": text}
    return {"site": text}
