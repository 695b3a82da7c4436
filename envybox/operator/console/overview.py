"""A list at a glance: how much of what in each hour, which values there are, how calls ended."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from envybox.event import Event
from envybox.operator.console.query import LISTED
from envybox.operator.figures import figures
from envybox.ports.lookup import Filters, Found

BARS = 62
_STEPS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=365),
)


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of time (`until` is not in it) and how many events of each type it has."""

    since: datetime
    until: datetime
    types: dict[str, int]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What `counted` events tell. Not `complete`: there are more, and these are the newest.

    `figures` are those of `envybox stats`.
    """

    counted: int
    complete: bool
    stretches: list[Stretch]
    facets: dict[str, dict[str, int]]
    figures: dict[str, Any]


def overview(
    events: Sequence[Found], filters: Filters, *, complete: bool, now: datetime, zone: ZoneInfo
) -> Overview:
    """Return what a list's events, newest first, tell."""
    told = [found.event for found in events]
    return Overview(
        counted=len(told),
        complete=complete,
        stretches=_stretches(told, filters if complete else Filters(), now, zone),
        facets={name: _values(told, name) for name in LISTED},
        figures=figures(events, zone),
    )


def _values(events: Iterable[Event], name: str) -> dict[str, int]:
    values = (_VALUES[name](event) for event in events)
    return dict(Counter(value for value in values if value is not None).most_common())


_VALUES = {
    "type": lambda event: event.type,
    "state": lambda event: event.call and event.call.state,
    "site": lambda event: event.page.site,
    "account": lambda event: event.account,
}


def _stretches(
    events: Sequence[Event], filters: Filters, now: datetime, zone: tzinfo
) -> list[Stretch]:
    if not events:
        return []
    end = filters.until or max(now, events[0].received_at) + timedelta.resolution
    start = filters.since or events[-1].received_at
    step = next((step for step in _STEPS if (end - start) / step <= BARS), _STEPS[-1])
    bounds = [_floor(start, step, zone)]
    while bounds[-1] < end:
        # A day later by the clock on the wall, which is not always 24 hours later.
        bounds.append(_floor(bounds[-1] + step * 1.5, step, zone))
    counted = Counter((bisect(bounds, event.received_at), event.type) for event in events)
    types: list[dict[str, int]] = [{} for _ in bounds]
    for (place, kind), number in counted.items():
        types[place - 1][kind] = number
    return [Stretch(*both, types[n]) for n, both in enumerate(pairwise(bounds))]


def _floor(at: datetime, step: timedelta, zone: tzinfo) -> datetime:
    """Return the beginning of a stretch, by the zone's clock, in UTC."""
    local = at.astimezone(zone).replace(tzinfo=None)
    whole = local - (local - datetime.min) % step  # noqa: DTZ901 - weeks begin on a Monday
    return whole.replace(tzinfo=zone).astimezone(UTC)
