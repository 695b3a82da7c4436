"""From a body to fields: what Envybox may send, read liberally and within bounds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable
from contextlib import suppress

from envybox.errors import TooLarge, UnsupportedMediaType
from envybox.receiver.request import form, json_object, multipart
from envybox.receiver.request.text import MAX_FIELDS, Read, check_count

__all__ = ["MAX_BODY", "MAX_FIELDS", "base_name", "read_body", "read_fields"]

MAX_BODY = 256 * 1024
"""The largest body, in bytes."""

_PARSERS: dict[str, Callable[[bytes, str], Read]] = {
    "": form.parse,
    "application/x-www-form-urlencoded": form.parse,
    "multipart/form-data": multipart.parse,
    "application/json": json_object.parse,
}
# As PHP ends it: `…; charset=utf-8`, `… charset=utf-8`, `…, …`.
_MEDIA_TYPE = re.compile(r"\s*([^\s;,]*)")
_IDENTITY = re.compile(r"(?:identity|[\s,]++)+", re.IGNORECASE)
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")


async def read_body(
    chunks: AsyncIterable[bytes], content_length: str | None, limit: int = MAX_BODY
) -> bytes:
    """Return the whole body, holding no more than `limit` bytes of it.

    Raises `TooLarge`: at once where `content_length` tells, else as soon as more came.
    """
    with suppress(ValueError):  # no number, or one of thousands of digits: the body will tell
        if content_length is not None and int(content_length) > limit:
            raise TooLarge
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def read_fields(
    body: bytes, content_type: str, query: bytes = b"", content_encoding: str = ""
) -> Read:
    """Return the fields of a body in order, repeats included, then those of the query.

    A JSON object is one under a form's type too, or under none. A query parameter counts
    where the body has no field of that name; `key` never does: URLs are logged. Blanks around
    the name `key` are gone; all other names are as they were received. Each warning names a
    field that was not UTF-8.

    Raises `UnsupportedMediaType`, for a body that is compressed too, and `Malformed` where
    the body is not what its content type says or has more than `MAX_FIELDS` fields.
    """
    media_type = _MEDIA_TYPE.match(content_type)
    parse = _PARSERS.get(media_type[1].lower()) if media_type else None
    if parse is None or (content_encoding and not _IDENTITY.fullmatch(content_encoding)):
        raise UnsupportedMediaType
    read = None
    if _OBJECT.match(body) and parse is not json_object.parse:
        read = json_object.read(body)
    fields, warnings = read or parse(body, content_type)
    if query:
        # `a[b]` is a piece of the field `a`: one in the query must not change the body's.
        taken = {base_name(name) for name, _ in fields}
        query_fields, query_warnings = form.parse(query, "")
        counting = {
            name
            for name, _ in query_fields
            if base_name(name) not in taken and base_name(name) != "key"
        }
        fields += [pair for pair in query_fields if pair[0] in counting]
        warnings += [warning for warning in query_warnings if warning.field in counting]
    check_count(len(fields))
    like_key = [name for name, _ in fields if "key" in name and name != "key"]
    if any(name.strip() == "key" for name in like_key):
        fields = [("key" if name.strip() == "key" else name, value) for name, value in fields]
    return fields, warnings


def base_name(name: str) -> str:
    """Return a field's name without PHP's brackets: `key[0]` is an element of `key`."""
    return name.partition("[")[0].strip()
