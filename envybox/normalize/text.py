"""Text: what is empty, what is a number, and what no UTF-8 can hold."""

from __future__ import annotations

import html
import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 18  # fits 64 bits with a sign, which is what databases hold

# Past the number of digits that Python's int() takes, whatever it is set to.
_ENDLESS_REFERENCE = re.compile("&#[0-9]{640,};?")


def filled(text: str | None) -> str | None:
    """Return the text, or None where it is missing, empty or white space alone."""
    return text if text and not text.isspace() else None


def replace_surrogates(text: str) -> str:
    r"""Return the text with U+FFFD for each lone surrogate, which UTF-8 cannot hold.

    They come from JSON escapes such as `\ud800`.
    """
    return _SURROGATE.sub("\ufffd", text)


def whole_number(text: str) -> int:
    """Return a number written in 1 to 18 ASCII digits, in white space or not.

    Raises `ValueError` for all other text.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise ValueError("not a whole number")
    return int(digits)


def unescape(text: str) -> str:
    """Return HTML-escaped text as the text that a browser would show, for any text."""
    try:
        return html.unescape(text)
    except ValueError:  # html.unescape gives the digits of `&#…;` to int() as they are
        return html.unescape(_ENDLESS_REFERENCE.sub("\ufffd", text))
