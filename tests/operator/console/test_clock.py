from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from envybox.operator.console.clock import Clock, talk
from envybox.operator.console.words import LANGUAGES, words

NOW = datetime(2026, 11, 28, 21, 30, 15, tzinfo=UTC)  # the 29th in Moscow
CLOCK = Clock(ZoneInfo("Europe/Moscow"), NOW, words("en"))


def test_today_needs_no_date() -> None:
    """A time of today's, by the zone's clock, is told without the date."""
    assert "00:30:15" == CLOCK.at(NOW)
    assert "28 Nov 23:59:59" == CLOCK.at(NOW - timedelta(minutes=30, seconds=16))


def test_whole_times_have_their_offset() -> None:
    """Where it matters, a time is told so that nobody can take it for another."""
    assert "2026-11-29 00:30:15 +0300" == CLOCK.whole(NOW)
    assert "2026-11-29T00:30" == CLOCK.field(NOW)


def test_a_day_has_its_name() -> None:
    """A day has its month's name in the reader's language, and its year if it is another."""
    assert "29 Nov 00:30" == CLOCK.minute(NOW)
    russian = Clock(ZoneInfo("Europe/Moscow"), NOW, words("ru"))
    assert "29 ноя" == russian.day(NOW)
    assert "29 мая 2025" == russian.day(datetime(2025, 5, 29, tzinfo=UTC))
    assert {12} == {len(words(language)["date.months"].split()) for language in LANGUAGES}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (1e6, "11 d")],
)
def test_ages_have_one_unit(seconds: float, expected: str) -> None:
    """How long ago is told in the unit that fits; a clock that is wrong makes it no less than 0."""
    assert expected == CLOCK.age(NOW - timedelta(seconds=seconds))


def test_a_talk_is_told_as_phones_do() -> None:
    """A talk's length has minutes and seconds."""
    assert ["0:07", "1:05", "61:00"] == [talk(7), talk(65), talk(3660)]
