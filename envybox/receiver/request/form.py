"""Bodies (and queries) of the type application/x-www-form-urlencoded."""

from __future__ import annotations

import codecs
import re
from binascii import a2b_qp

from envybox.event import FieldWarning
from envybox.receiver.request.text import Pair, Read, check_count, decode_pairs
from envybox.webhook import Fields

ESCAPED = "its ampersands were HTML-escaped"

# What a form must not have to be read as a whole: the marks that then stand for `&` and `=`, and
# a semicolon, which may be an escaped ampersand's. It is percent-encoded in forms: few have it.
_NOT_WHOLE = (b"\0", b"\1", b"%00", b"%01", b";")
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# An ampersand that was HTML-escaped, once or more often, as WordPress does too.
_AMPERSAND = re.compile(rb"&(?:(?:amp|#0{0,4}38|#[xX]0{0,4}26);)+")


def parse(body: bytes, _content_type: str) -> Read:
    """Return the fields. Whatever the bytes are, they are a form.

    Where the ampersands between them were HTML-escaped (`&amp;`), and undoing it alone gives
    a webhook, it is undone, with a warning.

    Raises `Malformed` where they are too many, for no other reason. Written out because
    `urllib.parse.parse_qsl` refuses bytes that are not ASCII.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    fields = _read_whole(body)
    if fields is not None:
        return fields, []
    pairs = _split(body)
    if b";" in body and not _is_webhook(pairs):
        unescaped = _split(_AMPERSAND.sub(b"&", body))
        if _is_webhook(unescaped):
            fields, warnings = decode_pairs(unescaped)
            return fields, [FieldWarning("", ESCAPED), *warnings]
    return decode_pairs(pairs)


def _read_whole(body: bytes) -> Fields | None:
    """Return the fields of a body of UTF-8, as nearly all are; None where it may be another.

    It is unescaped and decoded as a whole, with marks for `&` and `=` that are no text's.
    """
    if any(part in body for part in _NOT_WHOLE):
        return None
    marked = body.replace(b"+", b" ").replace(b"&", b"\0").replace(b"=", b"\1")
    try:
        text = _unquote(marked).decode()
    except UnicodeDecodeError:
        return None
    parts = [part for part in text.split("\0") if part]
    check_count(len(parts))
    fields: Fields = []
    for part in parts:
        name, _, value = part.partition("\1")
        fields.append((name, value.replace("\1", "=") if "\1" in value else value))
    return fields


def _split(body: bytes) -> list[Pair]:
    parts = [part for part in body.replace(b"+", b" ").split(b"&") if part]
    check_count(len(parts))
    pairs: list[Pair] = []
    for part in parts:
        name, _, value = part.partition(b"=")
        pairs.append((_unquote(name), _unquote(value)))
    return pairs


def _is_webhook(pairs: list[Pair]) -> bool:
    """Whether there is one key (which may be right) and a webhooktype."""
    names = [name.strip() for name, _ in pairs]
    return names.count(b"key") == 1 and b"webhooktype" in names


def _unquote(data: bytes) -> bytes:
    """Undo the escapes. Quoted-printable has the same, with `=` for `%`, and is read in C.

    Byte by byte in Python, Russian text took a tenth of a request's CPU.
    """
    if b"%" not in data:
        return data
    data = _STRAY.sub(b"%25", data)
    return a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"="))
