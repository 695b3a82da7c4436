"""From bytes to text: UTF-8, or else what explains more of a field's bytes.

Two things happen to a form that is not UTF-8. It was sent in windows-1251, the other encoding
of the Russian web; or it is UTF-8 that was cut or mended byte by byte on its way (PHP's
`substr`, `str_replace(chr(160), …)`), where a single byte must not garble all the others.
"""

from __future__ import annotations

import codecs
import re
from encodings import cp1251
from math import inf

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.webhook import Fields

MAX_FIELDS = 1000
"""The most fields of a request, those of its query included."""

NOT_UTF8 = "not UTF-8, read as windows-1251"
BROKEN_UTF8 = "not all of it UTF-8, broken bytes replaced"

Pair = tuple[bytes, bytes]
"""A field as it stands in the body."""

Read = tuple[Fields, list[FieldWarning]]
"""What reading a body gives: its fields, and a warning for what was not UTF-8."""

# Python leaves byte 0x98 undefined; the WHATWG's windows-1251 reads it as U+0098.
_WINDOWS_1251 = cp1251.decoding_table.replace("\ufffe", "\x98")

# What windows-1251 explains: words of Russian, Ukrainian or Belarusian, in small letters, in
# capitals or with a capital first, and the marks that stand in prose. UTF-8's Cyrillic read
# as windows-1251 has marks and capitals within words (`РџСЂРёРІРµС‚`).
_WORD = re.compile(r"[А-ЯЁІЇЄҐЎ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐЎ]+")
_RUN = re.compile(r"[^\W\d_]+")
_QUOTES = frozenset("«»“”„")
_MARKS = _QUOTES | set("‘’‹›–—…•·№§©®™€°±\xa0")
# What is looked at on both sides of the first broken byte, in bytes.
_AROUND = 2048
# The first bytes of UTF-8's Russian letters: words of these alone prove nothing.
_LEADS = frozenset("РС")
# Characters whose UTF-8 is a letter and `ё` in windows-1251: `Пётр` would begin with U+03F8.
# Without those of `Р`, which are `и` and `Ш` in UTF-8, and far more often meant.
_LETTER_AND_YO = re.compile(
    "["
    + "".join(
        bytes((lead, yo)).decode()
        for lead in range(0xC2, 0xE0)
        if lead != 0xD0
        for yo in b"\xa8\xb8"
    )
    + "]"
)


def check_count(count: int) -> None:
    """Raise `Malformed` where there are more fields than may be.

    To be called before anything is made of them: a body has room for 130,000.
    """
    if count > MAX_FIELDS:
        raise Malformed(f"more than {MAX_FIELDS} fields")


def decode(data: bytes) -> tuple[str, str | None]:
    """Return the text of some bytes, and where they were not UTF-8 the reason to warn of."""
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        around = data[max(0, error.start - _AROUND) : error.start + _AROUND]
    if _explained_by_utf8(around) > _explained_by_1251(around):
        return data.decode(errors="replace"), BROKEN_UTF8
    return _windows_1251(data), NOT_UTF8


def decode_pairs(pairs: list[Pair]) -> Read:
    """Return the pairs as text, with a warning for each field that was not UTF-8."""
    fields: Fields = []
    warnings: list[FieldWarning] = []
    for name_bytes, value_bytes in pairs:
        try:
            fields.append((name_bytes.decode(), value_bytes.decode()))
        except UnicodeDecodeError:
            (name, of_name), (value, of_value) = decode(name_bytes), decode(value_bytes)
            fields.append((name, value))
            warnings += [FieldWarning(name, why) for why in (of_name, of_value) if why]
    return fields, warnings


def _windows_1251(data: bytes) -> str:
    return codecs.charmap_decode(data, "strict", _WINDOWS_1251)[0]


def _explained_by_utf8(data: bytes) -> float:
    """Return twice the number of bytes that are whole characters of UTF-8, ASCII aside.

    Twice, for that they fit together is no chance, unless they are a letter and `ё`. Where
    there are none, nothing would be kept by UTF-8.
    """
    whole = "".join(one for one in data.decode(errors="ignore") if one > "\x7f")
    if not whole:
        return -inf
    return 2 * (len(whole.encode()) - 2 * len(_LETTER_AND_YO.findall(whole))) + 1


def _explained_by_1251(data: bytes) -> int:
    """Return the number of bytes that are words in quotes or not, less twice those that are odd.

    Other marks, and letters that stand alone, are neither.
    """
    text = _windows_1251(data)
    words = [run for run in _RUN.findall(text) if _WORD.fullmatch(run)]
    neither = sum(map(len, words)) + sum(one in _MARKS for one in text)
    odd = sum(one > "\x7f" for one in text) - neither
    telling = sum(len(word) for word in words if len(word) > 1 and set(word) - _LEADS)
    return telling + sum(one in _QUOTES for one in text) - 2 * odd
