"""Text that came from outside, made harmless for a terminal and for a spreadsheet."""

from __future__ import annotations

import json
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


def json_line(text: str) -> str:
    r"""Return JSON that says the same, with `\u202e` in the place of what is not seen.

    JSON escapes what is below a space alone: U+009B begins a sequence in some terminals too.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_escaped, text))


def cell(text: str) -> str:
    """Return text that a spreadsheet takes for no formula: guarded by an apostrophe.

    A phone number stays: with its plus it is at worst a number.
    """
    if text.startswith(_FORMULA) and not _PHONE.fullmatch(text):
        return "'" + text
    return text


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return json.dumps(character)[1:-1] if ord(character) != 0x7F else "\\u007f"


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the picture of a control
    return f"<U+{code:04X}>"
