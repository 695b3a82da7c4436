"""Text that came from outside, made harmless for a terminal and for a spreadsheet."""

from __future__ import annotations

import re
import unicodedata

# Controls, marks of direction and width, line separators, lone surrogates, private use: they
# move the cursor, turn a line round, or are not seen at all.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PHONE = re.compile(r"\+\d+")


def plain(text: str) -> str:
    """Return text of one line in which all that is not seen is a symbol that is.

    An escape becomes `␛`, a line's end `␊`, U+202E `<U+202E>`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def cell(text: str) -> str:
    """Return text that a spreadsheet takes for no formula: guarded by an apostrophe.

    A phone number stays: with its plus it is at worst a number.
    """
    if text.startswith(_FORMULA) and not _PHONE.fullmatch(text):
        return "'" + text
    return text


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the picture of a control
    return f"<U+{code:04X}>"
