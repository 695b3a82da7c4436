from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.operator.console.overview import overview
from envybox.ports.lookup import ERASED, Filters, Found, Publish, bare

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
TIMES = st.integers(0, 90_000_000).map(lambda seconds: NOW - timedelta(seconds=seconds))


def found(at: datetime) -> Found:
    """Return an event of a time, and nothing more."""
    event = bare("0" * 32, "default", at, reason=ERASED)
    return Found(event=event, raw="[]", publish=Publish(state="published", topic="t"))


@given(st.lists(TIMES, min_size=1, max_size=30), st.none() | TIMES)
def test_each_event_has_its_place(times: list[datetime], since: datetime | None) -> None:
    """Bars follow one another without a gap, and hold each event that is counted, once."""
    times = sorted((at for at in times if since is None or at >= since), reverse=True)
    told = overview(
        list(map(found, times)), Filters(since=since), complete=True, now=NOW, zone=BERLIN
    )
    bars = told.stretches
    assert len(times) == sum(sum(bar.types.values()) for bar in bars) == told.counted
    assert all(one.until == other.since for one, other in pairwise(bars))
    assert len(bars) <= 64


def test_bars_are_the_zone_s_days() -> None:
    """A day is one on the zone's calendar, also when clocks are turned."""
    start = datetime(2026, 10, 20, tzinfo=BERLIN)
    events = [found(start + timedelta(days=n)) for n in range(12)][::-1]
    now = start + timedelta(days=12)
    told = overview(events, Filters(since=start), complete=True, now=now, zone=BERLIN)
    assert {"00", "06", "12", "18"} == {f"{b.since.astimezone(BERLIN):%H}" for b in told.stretches}
    month = Filters(since=start - timedelta(days=30))
    told = overview(events, month, complete=True, now=now, zone=BERLIN)
    assert {"00:00"} == {f"{bar.since.astimezone(BERLIN):%H:%M}" for bar in told.stretches}


@pytest.mark.parametrize(
    ("ago", "bars"), [(timedelta(hours=1), 61), (timedelta(hours=24), 25), (timedelta(days=30), 31)]
)
def test_bars_fit_the_stretch(ago: timedelta, bars: int) -> None:
    """A list of an hour is in minutes, one of a day in hours, one of a month in days."""
    told = overview([found(NOW)], Filters(since=NOW - ago), complete=True, now=NOW, zone=BERLIN)
    assert bars == len(told.stretches)


def test_what_is_not_complete_begins_with_its_oldest() -> None:
    """Where there are more events than were read, no empty bars claim that there were none."""
    told = overview(
        [found(NOW), found(NOW - timedelta(hours=2))],
        Filters(since=NOW - timedelta(days=30)),
        complete=False,
        now=NOW,
        zone=BERLIN,
    )
    assert NOW - timedelta(hours=2, minutes=5) < told.stretches[0].since
