"""From bytes to text: UTF-8, or else windows-1251, which keeps every byte."""

from __future__ import annotations

import codecs
from encodings import cp1251

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.webhook import Fields

MAX_FIELDS = 1000
"""The most fields of a request, those of its query included."""

NOT_UTF8 = "not UTF-8, read as windows-1251"

Pair = tuple[bytes, bytes]
"""A field as it stands in the body."""

Read = tuple[Fields, list[FieldWarning]]
"""What reading a body gives: its fields, and a warning for what was not UTF-8."""

# Python leaves byte 0x98 undefined; the WHATWG's windows-1251 reads it as U+0098.
_WINDOWS_1251 = cp1251.decoding_table.replace("\ufffe", "\x98")


def check_count(count: int) -> None:
    """Raise `Malformed` where there are more fields than may be.

    To be called before anything is made of them: a body has room for 130,000.
    """
    if count > MAX_FIELDS:
        raise Malformed(f"more than {MAX_FIELDS} fields")


def decode(data: bytes) -> tuple[str, bool]:
    """Return the text of some bytes, and whether they were UTF-8."""
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return codecs.charmap_decode(data, "strict", _WINDOWS_1251)[0], False


def decode_pairs(pairs: list[Pair]) -> Read:
    """Return the pairs as text, with a warning for each field that was not UTF-8."""
    fields: Fields = []
    warnings: list[FieldWarning] = []
    for name_bytes, value_bytes in pairs:
        try:
            fields.append((name_bytes.decode(), value_bytes.decode()))
        except UnicodeDecodeError:
            (name, _), (value, _) = decode(name_bytes), decode(value_bytes)
            fields.append((name, value))
            warnings.append(FieldWarning(name, NOT_UTF8))
    return fields, warnings
