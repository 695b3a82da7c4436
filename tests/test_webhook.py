from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.webhook import decode_raw, encode_raw

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_texts = st.text(st.characters()).filter(lambda text: _PAIR.search(text) is None)


@given(st.lists(st.tuples(_texts, _texts)))
def test_round_trip(fields: list[tuple[str, str]]) -> None:
    """What was received comes back: order, repeats, NUL and lone surrogates."""
    raw = encode_raw(fields)

    raw.encode()
    assert fields == decode_raw(raw)


def test_text() -> None:
    """`raw` is JSON, a list of pairs, that an operator can read."""
    fields = [("name", "Анна"), ("name", ""), ("a[]", '"\\u')]

    assert '[["name","Анна"],["name",""],["a[]","\\"\\\\u"]]' == encode_raw(fields)
    assert fields == decode_raw(encode_raw(fields))


def test_lone_surrogate() -> None:
    """A lone surrogate is its escape; two that spell a character come back as that."""
    assert r'[["a","\ud800"]]' == encode_raw([("a", "\ud800")])
    assert [("a", "😀")] == decode_raw(encode_raw([("a", "\ud83d\ude00")]))


def test_encoded_is_json() -> None:
    """Any JSON parser reads it."""
    assert [["a", "\x00"], ["b", "\udfff"]] == json.loads(
        encode_raw([("a", "\x00"), ("b", "\udfff")])
    )


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "null",
        "{}",
        '[["a"]]',
        '[["a", 1]]',
        '[["a", "b", "c"]]',
        '[["\\ud800", 1]]',
        '["\\ud800"]',
        '[["\\ud800", NaN]]',
        '[["a", "b"]',
        "[" * 100_000,
        '["\\ud800", ' + "[" * 100_000,
    ],
)
def test_what_is_not_raw(raw: str) -> None:
    """Text that is no list of fields is refused with one kind of error."""
    with pytest.raises(ValueError, match="not a list of fields"):
        decode_raw(raw)
