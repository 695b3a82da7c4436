"""Text: what is empty, what is a number, and what no UTF-8 can hold."""

from __future__ import annotations

import html
import re
from html.entities import html5

_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 18  # fits 64 bits with a sign, which is what databases hold

_NOTHING = {"null", "undefined", "false", "-"}
_REFERENCE = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][0-9A-Za-z]{1,31});")


def filled(text: str | None) -> str | None:
    """Return the text, or None where it is missing, empty or white space alone."""
    return text if text and not text.isspace() else None


def identified(text: str | None) -> str | None:
    """Return an id, or None where the text is none: blank, zeros alone, or a word for nothing.

    Senders write those where they have no id (`call_id=0` on a lead); taken for one, it
    would make every such webhook a repeat of the first. Here alone is what counts as an id.
    """
    id_ = "" if text is None else text.strip().casefold()
    return None if id_ in _NOTHING or not id_.strip("0") else text


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
    """Return HTML-escaped text as it was, for any text.

    A reference ends with `;` here, as whoever escapes writes it. Browsers also take some
    without: in an address that was not escaped, `&region=1` would become `®ion=1`.
    """
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    text = reference[0]
    return html.unescape(text) if text[1] == "#" else html5.get(text[1:], text)
