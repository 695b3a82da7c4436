from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.operator.console.query import Query, guess, parse
from envybox.ports.lookup import Filters

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
NAMES = ("type", "state", "site", "phone", "call", "pending", "warnings", "period", "cursor")


def asked(**parameters: str) -> Query:
    """Return a URL's query, read now in Moscow."""
    return parse(parameters, now=NOW, zone=MOSCOW, region="RU")


def test_a_list_is_of_the_last_day() -> None:
    """Without anything a list is of the last 24 hours."""
    assert (Filters(since=NOW - timedelta(hours=24)), "24h") == (asked().filters, asked().period)


@pytest.mark.parametrize("name", ["phone", "email", "visitor", "call", "chat"])
def test_who_is_looked_for_is_looked_for_always(name: str) -> None:
    """A list of one call or one person is of all times, unless a period is asked for."""
    assert Filters(**{name: "7"}) == asked(**{name: "7"}).filters
    assert NOW - timedelta(days=7) == asked(**{name: "7"}, period="7d").filters.since


def test_times_are_the_zone_s() -> None:
    """A time without an offset is of the project's zone; it takes the place of a period."""
    query = asked(since="2026-11-28T10:00", until="2026-11-28T08:30+00:00")
    assert datetime(2026, 11, 28, 7, 0, tzinfo=UTC) == query.filters.since
    assert datetime(2026, 11, 28, 8, 30, tzinfo=UTC) == query.filters.until
    assert "" == query.period


@pytest.mark.parametrize(
    "parameters",
    [{"period": "2h"}, {"since": "yesterday"}, {"until": "9999-12-31T23:59-12:00"}],
)
def test_what_cannot_be_read_is_told(parameters: dict[str, str]) -> None:
    """A parameter that means nothing is refused by its name, not passed by."""
    with pytest.raises(ValueError, match=next(iter(parameters))):
        asked(**parameters)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1", "all", "a b&c=d", " ", "7d"])),
    st.sampled_from(NAMES[:5]),
)
def test_a_url_says_what_is_asked(parameters: dict[str, str], name: str) -> None:
    """A query's URL is the same query again; a change changes that alone and begins anew."""
    try:
        query = asked(**parameters)
    except ValueError:
        return
    again = asked(**dict(parse_qsl(urlsplit(query.url("/events")).query)))
    assert query.filters == again.filters
    assert {**query.chosen, name: "new"} == asked(**_read(query.url("/x", **{name: "new"}))).chosen
    without = asked(**_read(query.url("/x", **{name: None})))
    assert {n: v for n, v in query.chosen.items() if n != name} == without.chosen
    assert "" == without.cursor


def _read(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  anna@example.com ", {"email": "anna@example.com"}),
        ("9000001", {"call": "9000001", "chat": "9000001", "visitor": "9000001"}),
        ("example.com", {"site": "example.com"}),
        ("shop24.example.com", {"site": "shop24.example.com"}),
        ("0" * 32, {"event": "0" * 32}),
        ("Анна", {"site": "Анна"}),
    ],
)
def test_the_search_box_guesses(text: str, expected: dict[str, str]) -> None:
    """What is typed into the box says by its looks what it is."""
    assert expected == guess(text)


def test_ten_digits_may_be_a_phone() -> None:
    """A long number is a phone first, and then an id."""
    assert ["phone", "visitor", "call", "chat"] == list(guess("+7 (900) 000-00-00"))


def test_a_phone_has_any_spelling() -> None:
    """A number is looked for as it is stored, however it is spelled."""
    assert "+79000000000" == asked(phone="8 (900) 000-00-00").filters.phone
    assert "звоните" == asked(phone="звоните").filters.phone


def test_times_may_be_ago() -> None:
    """A time may be told as the commands take it."""
    assert NOW - timedelta(hours=3) == asked(since="3h").filters.since


@given(st.text())
def test_any_text_is_looked_for(text: str) -> None:
    """There is no text that the box cannot take."""
    assert guess(text)
