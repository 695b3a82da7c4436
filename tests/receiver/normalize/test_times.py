from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.receiver.normalize.times import is_never, utc
from tests.receiver.normalize.support import MOSCOW, event_with, reasons, texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-02 10:36:14", "2021-03-02T07:36:14+00:00"),
        ("2021-03-02T10:36:14", "2021-03-02T07:36:14+00:00"),
        ("2021-03-02 9:36", "2021-03-02T06:36:00+00:00"),
        (" 2021-03-02 10:36\r\n", "2021-03-02T07:36:00+00:00"),
        ("2021-03-02 10:36:14.5", "2021-03-02T07:36:14.500000+00:00"),
        ("2021-03-02 10:36:14,123456789", "2021-03-02T07:36:14.123456+00:00"),
        ("2021-03-02T10:36:14Z", "2021-03-02T10:36:14+00:00"),
        ("2021-03-02t10:36:14z", "2021-03-02T10:36:14+00:00"),
        ("2021-03-02T10:36:14+03:00", "2021-03-02T07:36:14+00:00"),
        ("2021-03-02 10:36:14 -0530", "2021-03-02T16:06:14+00:00"),
        ("2021-03-02T10:36+03", "2021-03-02T07:36:00+00:00"),
        ("2021-03-02 \xa0 10:36:14", "2021-03-02T07:36:14+00:00"),
        ("01.01.2021 в 0:00", "2020-12-31T21:00:00+00:00"),
        ("01.01.2021 0:00:00", "2020-12-31T21:00:00+00:00"),
        ("1.1.2021 00:00", "2020-12-31T21:00:00+00:00"),
        ("01.01.21 в 10:00", "2021-01-01T07:00:00+00:00"),
        ("01.01.21 10:00:05", "2021-01-01T07:00:05+00:00"),
        ("01.01.2021 В 10:00", "2021-01-01T07:00:00+00:00"),
        ("02.03.2021, 10:36", "2021-03-02T07:36:00+00:00"),
        ("02.03.2021,10:36", "2021-03-02T07:36:00+00:00"),
        ("02.03.2021, в 10:36", "2021-03-02T07:36:00+00:00"),
        ("2021-03-02 в 10:36", "2021-03-02T07:36:00+00:00"),
        ("1614670574", "2021-03-02T07:36:14+00:00"),
        ("1614670574.25", "2021-03-02T07:36:14+00:00"),
        (" 1614670574123 ", "2021-03-02T07:36:14.123000+00:00"),
        ("946684800", "2000-01-01T00:00:00+00:00"),
        ("2000-01-01 00:00:00", "1999-12-31T21:00:00+00:00"),
        # Moscow's clocks were four hours ahead from 2011 to 2014.
        ("2013-01-01 00:00:00", "2012-12-31T20:00:00+00:00"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    """A time without an offset is the zone's, and comes out in UTC."""
    assert expected == utc(text, MOSCOW).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2021-03-02",
        "10:36:14",
        "2021-02-30 10:36:14",
        "2021-03-02 24:00:00",
        "2021-03-02 10:36:60",
        "2021-03-02 10:36:14+24:00",
        "2021-03-02 10:36:14 Europe/Moscow",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59-01:00",
        "0000-00-00 00:00:00",
        "٢٠٢١-03-02 10:36:14",
        "32.01.2021 0:00:00",
        "01.01.121 0:00:00",
        "1970-01-01 03:00:00",
        "01.01.1970 в 3:00",
        "1970-01-01T00:00:00Z",
        "1999-12-31 23:59:59",
        "946684799",
        "946684799999",
        "0",
        "-1614670574",
        "16146705741234",
        "20210302103614",
        "1614670574 1614670574",
    ],
)
def test_not_a_time(text: str) -> None:
    """What is not a time, or not one of the years 2000 to 9999, is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the caller's
        utc(text, MOSCOW)


def test_first_and_last_moment() -> None:
    """The first and the last second that can be are read."""
    assert datetime(2000, 1, 1, tzinfo=UTC) == utc("2000-01-01 00:00:00Z", MOSCOW)
    assert datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) == utc("9999-12-31 23:59:59Z", MOSCOW)


def test_hour_that_comes_twice() -> None:
    """An hour that the clocks show twice is the first of the two."""
    assert datetime(2024, 10, 27, 0, 30, tzinfo=UTC) == utc(
        "2024-10-27 02:30:00", ZoneInfo("Europe/Berlin")
    )


@pytest.mark.parametrize(
    "text", ["0000-00-00 00:00:00", "0000-00-00", "0000-00-00T00:00", " 0000-00-00 00:00:00 "]
)
def test_never(text: str) -> None:
    """A zero date is no time: it fills nothing and is worth no warning."""
    event = event_with(called_at=text, created_at=text)

    assert is_never(text)
    assert (None, None, None) == (event.call, event.chat, event.occurred_at)
    assert [] == event.warnings


def test_warning() -> None:
    """A field that holds no time is None, with a warning."""
    event = event_with(called_at="вчера", created_at="0")

    assert event.call is not None
    assert event.chat is not None
    assert (None, None) == (event.call.called_at, event.chat.created_at)
    assert [("called_at", "not a time"), ("created_at", "not a time")] == reasons(event)


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Moscow", "Asia/Vladivostok", "America/New_York", "UTC"]),
)
def test_every_local_time(local: datetime, name: str) -> None:
    """Any time of any zone is read as what that zone's clocks mean by it."""
    zone = ZoneInfo(name)
    local = local.replace(fold=0)
    expected = local.replace(tzinfo=zone).astimezone(UTC)

    assert expected == utc(local.isoformat(" "), zone)
    assert expected.replace(microsecond=0) == utc(
        local.strftime("%d.%m.%Y %H:%M:%S"), zone
    ).replace(microsecond=0)


@given(
    st.integers(min_value=946_684_800, max_value=9_999_999_999),
    st.integers(min_value=0, max_value=999),
)
def test_unix_time(seconds: int, milliseconds: int) -> None:
    """Seconds and milliseconds since 1970 are read as what they are, in UTC."""
    expected = datetime.fromtimestamp(seconds, UTC)
    assert expected == utc(str(seconds), MOSCOW)
    assert expected.replace(microsecond=milliseconds * 1000) == utc(
        f"{seconds}{milliseconds:03d}", MOSCOW
    )


def test_times_of_nothing() -> None:
    """What a clock that was not set shows is nobody's time: None, with a warning."""
    event = event_with(called_at="1970-01-01 03:00:00", call_id="1", created_at="0", chat_id="2")

    assert event.call is not None
    assert (None, None) == (event.call.called_at, event.occurred_at)
    assert [("called_at", "not a time"), ("created_at", "not a time")] == reasons(event)


@given(texts)
def test_any_text(text: str) -> None:
    """Any text is a time in UTC or refused with a ValueError."""
    try:
        time = utc(text, MOSCOW)
    except ValueError:
        return
    assert UTC == time.tzinfo
