from __future__ import annotations

import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.receiver.normalize.text import (
    filled,
    identified,
    replace_surrogates,
    unescape,
    whole_number,
)
from tests.receiver.normalize.support import texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("", None), (" \t\xa0\r\n", None), (" a ", " a "), ("\x00", "\x00"), ("0", "0")],
)
def test_filled(text: str | None, expected: str | None) -> None:
    """White space alone is no text; all other text is verbatim."""
    assert expected == filled(text)


@pytest.mark.parametrize(
    "text",
    [None, "", " ", "\t\r\n", "0", "000", " 0\n", "null", "NULL", "undefined", "false", "-", " - "],
)
def test_no_id(text: str | None) -> None:
    """Blank text, zeros alone and words for nothing are no ids."""
    assert identified(text) is None


@given(st.text("0123456789abcdef-_", min_size=1))
@example("10")
@example("nullable")
@example("-1")
@example("--")
@example(" 1 ")
def test_id(text: str) -> None:
    """All other text is an id, as it is."""
    assert (None if text == "-" or not text.strip("0") else text) == identified(text)


def test_unescape() -> None:
    """HTML is unescaped once."""
    assert '"a" & &lt; ’©' == unescape("&quot;a&#34; &amp; &amp;lt; &#x2019;&copy;")


@pytest.mark.parametrize(
    "text",
    ["https://example.com/?a=1&copy=2&region=3", "&notanentity;", "&#;", "&#" + "1" * 5000 + ";"],
)
def test_no_reference(text: str) -> None:
    """What only looks like a reference is text: addresses are full of it."""
    assert text == unescape(text)


@given(texts)
def test_unescape_any_text(text: str) -> None:
    """Escaping is undone, whatever was escaped; text that was not does not raise."""
    assert text == unescape(html.escape(text))
    assert isinstance(unescape(text), str)


@given(st.text(st.characters()))
def test_replace_surrogates(text: str) -> None:
    """What is left can be written as UTF-8, and only surrogates are touched."""
    clean = replace_surrogates(text)

    clean.encode()
    for was, is_ in zip(text, clean, strict=True):
        assert is_ == ("\ufffd" if "\ud800" <= was <= "\udfff" else was)


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_whole_number(number: int) -> None:
    """Up to 18 digits are a number, with zeros and white space before them or not."""
    assert number == whole_number(f" {number:018d}\n")
