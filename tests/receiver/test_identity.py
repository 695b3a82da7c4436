from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from envybox.receiver import spool
from envybox.receiver.identity import first_id, is_for_ever, is_within, window_ids
from envybox.webhook import Fields, decode_raw, encode_raw
from tests.samples import HELP_PAGE, NOON, SAMPLES, webhook_of

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)

FIELDS = st.lists(st.tuples(st.text(), st.text()))
MOMENTS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=300_000)).map(
    lambda since: datetime(1971, 1, 1, tzinfo=UTC) + since
)
WINDOWS = st.timedeltas(min_value=TICK, max_value=timedelta(days=365))


def id_of(fields: Fields, account: str = "default") -> str:
    """Return the first id of these fields."""
    return first_id(webhook_of(fields, account=account))


# first_id


def test_id_is_pinned() -> None:
    """An id never changes with a release: it finds events that were stored years ago."""
    assert "00112677777f93b87f91a0c90c19eb1f" == id_of(
        [("webhooktype", "1"), ("имя", "Иван"), ("a", "")]
    )


@pytest.mark.parametrize("title", SAMPLES)
def test_ids_of_samples(title: str) -> None:
    """Every sample has an id of its own, of 32 hex digits."""
    ids = [id_of(fields) for fields in SAMPLES.values()]
    assert 1 == ids.count(id_of(SAMPLES[title]))
    assert 32 == len(f"{int(id_of(SAMPLES[title]), 16):032x}") == len(id_of(SAMPLES[title]))


@given(FIELDS.flatmap(lambda fields: st.tuples(st.just(fields), st.permutations(fields))))
@example((HELP_PAGE, HELP_PAGE[::-1]))
def test_any_order(same: tuple[Fields, Fields]) -> None:
    """The order of the fields does not matter, nor does the time."""
    one, other = same
    later = webhook_of(other, received_at=NOON + timedelta(days=1000))
    assert id_of(one) == first_id(later)


@given(FIELDS, FIELDS)
@example([("a", "1"), ("a", "1")], [("a", "1")])
@example([("a", "1"), ("b", "2")], [("a", "2"), ("b", "1")])
@example([("a", "")], [])
@example([("a", "1")], [("a", "1 ")])
@example([("ab", "c")], [("a", "bc")])
def test_other_fields(one: Fields, other: Fields) -> None:
    """Other fields are another event: repeats, empty ones, names and values all count."""
    assume(sorted(one) != sorted(other))
    assert id_of(one) != id_of(other)


@given(st.text(), st.text())
@example("a", "A")
def test_accounts(one: str, other: str) -> None:
    """The same fields of another account are another event."""
    assume(one != other)
    assert id_of(HELP_PAGE, one) != id_of(HELP_PAGE, other)


@given(st.lists(st.text(st.sampled_from("\ud800\udc00\\u0d8'x"), max_size=8), min_size=2))
def test_lone_surrogates(texts: list[str]) -> None:
    """Text that UTF-8 cannot hold has an id of its own, too."""
    one, other = texts[:2]
    assume(one != other)
    assert id_of([("a", one)]) != id_of([("a", other)])


def test_surrogates_do_not_look_like_text() -> None:
    """No escape of a surrogate is taken for the surrogate."""
    texts = ["\ud800", "\\ud800", "\\\\ud800", "?", "\ufffd"]
    assert len(texts) == len({id_of([("a", text)]) for text in texts})


@given(st.lists(st.tuples(st.text("\ud800x\\"), st.text("\udc00x'"))))
def test_same_after_the_spool(fields: Fields) -> None:
    """What was spooled or read from the store has the id that it would have had at once."""
    webhook = webhook_of(fields)
    assert first_id(webhook) == first_id(spool.decode(spool.encode(webhook)))
    assert first_id(webhook) == id_of(decode_raw(encode_raw(fields)))


# is_for_ever


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        (True, [("call_id", "6002540")]),
        (True, [("chat_id", "1")]),
        (True, [("call_id", ""), ("chat_id", "1")]),
        (True, [("call_id", "0"), ("call_id", "1")]),
        (True, [(" call_id ", "1")]),
        (True, [("call_id", "10"), ("chat_id", "0")]),
        (False, [("call_id", "0")]),
        (False, [("call_id", "000"), ("chat_id", " 0 ")]),
        (False, [("call_id", "null"), ("chat_id", "undefined")]),
        (False, [("call_id", "false"), ("chat_id", "-")]),
        (False, []),
        (False, [("call_id", "")]),
        (False, [("call_id", " \n"), ("chat_id", "")]),
        (False, [("visitor_id", "662654972"), ("phone", "79000000000")]),
        (False, [("CALL_ID", "1")]),
    ],
)
def test_for_ever(expected: bool, fields: Fields) -> None:
    """A webhook with a call's or a chat's id is the same for ever."""
    assert expected is is_for_ever(webhook_of(fields))


# windows


@pytest.mark.parametrize(
    ("expected", "apart"),
    [
        (True, timedelta(0)),
        (True, HOUR - TICK),
        (True, HOUR),
        (False, HOUR + TICK),
        (False, timedelta(days=400)),
    ],
)
def test_within(expected: bool, apart: timedelta) -> None:
    """The window ends exactly when it says, and a clock that is behind does not matter."""
    webhook = webhook_of([])
    assert expected is is_within(HOUR, webhook, NOON - apart)
    assert expected is is_within(HOUR, webhook, NOON + apart)


def test_no_window() -> None:
    """A window of nothing is left by the next microsecond."""
    none = timedelta(0)
    webhook = webhook_of([])
    assert is_within(none, webhook, NOON)
    assert not is_within(none, webhook, NOON + TICK)
    current, before, after = window_ids("first", webhook, none)
    later = webhook_of([], received_at=NOON + TICK)
    assert (after, current) == window_ids("first", later, none)[:2]
    assert before not in (current, after)


@given(MOMENTS, MOMENTS, WINDOWS)
@example(NOON, NOON + HOUR, HOUR)
@example(NOON.replace(minute=0, second=0, microsecond=0), NOON, HOUR)
def test_windows_meet(one: datetime, other: datetime, window: timedelta) -> None:
    """Whatever is near enough to be the same is found in the window, or in one beside it.

    And within one window, all of it is near enough: there, no time need be compared.
    """
    ours = window_ids("first", webhook_of([], received_at=one), window)
    theirs = window_ids("first", webhook_of([], received_at=other), window)
    if abs(one - other) <= window:
        assert ours[0] in theirs
        assert theirs[0] in ours
    if ours[0] == theirs[0]:
        assert is_within(window, webhook_of([], received_at=one), other)


@given(MOMENTS, WINDOWS)
def test_windows_in_a_row(moment: datetime, window: timedelta) -> None:
    """Windows follow each other: the one after is the next one's own."""
    here = webhook_of([], received_at=moment)
    there = webhook_of([], received_at=moment + window)
    current, before, after = window_ids("first", here, window)
    assert (after, current) == window_ids("first", there, window)[:2]
    assert 3 == len({current, before, after})


def test_windows_of_others() -> None:
    """Windows belong to their webhook: another's first id gives other ids, and so no first id."""
    webhook = webhook_of(HELP_PAGE)
    first = first_id(webhook)
    ours = window_ids(first, webhook, HOUR)
    theirs = window_ids(id_of([]), webhook, HOUR)
    assert 7 == len({first, *ours, *theirs})
