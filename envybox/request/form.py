"""Bodies (and queries) of the type application/x-www-form-urlencoded."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from envybox.request.text import Pair, Read, check_count, decode_pairs


def parse(body: bytes, _content_type: str) -> Read:
    """Return the fields. Whatever the bytes are, they are a form.

    Raises `Malformed` where they are too many, for no other reason. Written out because
    `urllib.parse.parse_qsl` refuses bytes that are not ASCII.
    """
    parts = [part for part in body.split(b"&") if part]
    check_count(len(parts))
    pairs: list[Pair] = []
    for part in parts:
        name, _, value = part.partition(b"=")
        pairs.append((_unquote(name), _unquote(value)))
    return decode_pairs(pairs)


def _unquote(data: bytes) -> bytes:
    if b"+" in data:
        data = data.replace(b"+", b" ")
    return unquote_to_bytes(data) if b"%" in data else data
