"""Bodies of the type multipart/form-data, as PHP takes them.

PHP fills `$_POST` from much that RFC 2046 forbids: bare line feeds, text before the first
boundary, headers of any number, length and folding. The well-kept parsers (python-multipart,
Werkzeug's) refuse some of that each, and the standard library's, made for mail, reads parts
within parts. Here the whole body is at hand, and small: regular expressions, each of which
goes over it once.
"""

from __future__ import annotations

import re

from envybox.errors import Malformed
from envybox.receiver.request.text import Pair, Read, check_count, decode_pairs

_BOUNDARY = re.compile(r"""(?<![\w-])boundary\s*=\s*(?:"([^"]*)"|([^\s;,"]*))""", re.IGNORECASE)
_END_OF_HEADERS = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_DISPOSITION = re.compile(rb"^content-disposition[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
# A quoted value's end is optional, else each quote of one that has none is tried anew.
_PARAMETER = re.compile(
    rb'(?:^|;)[ \t]*([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]++|\\.)*+)"?|\'([^\';]*)\'|([^;]*))',
    re.DOTALL,
)
_ESCAPED = re.compile(rb'\\(["\\])')


def parse(body: bytes, content_type: str) -> Read:
    """Return the fields; a part that is a file counts as a field with the file's text.

    A part without a name has the name ''. What stands before the first boundary and after
    the last is left. Raises `Malformed` where the content type names no boundary, the body
    has none of that name, or ends before its closing one.
    """
    parameter = _BOUNDARY.search(content_type)
    boundary = (parameter[1] or parameter[2] or "") if parameter else ""
    if not boundary:
        raise Malformed("multipart/form-data without a boundary")
    pairs: list[Pair] = []
    start = None
    for delimiter in _delimiters(boundary).finditer(body):
        if start is not None:
            pairs.append(_pair(body[start : delimiter.start()]))
            check_count(len(pairs))
        if delimiter[1]:
            return decode_pairs(pairs)
        start = delimiter.end()
    if start is None:
        raise Malformed("the body is not multipart/form-data of its boundary")
    raise Malformed("the body ends before its closing boundary")


def _delimiters(boundary: str) -> re.Pattern[bytes]:
    """Return the pattern of a boundary's line: its end is left, for the next one may need it."""
    text = re.escape(boundary.encode("latin-1", "replace"))
    return re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|\r?\n)--" + text + rb"(?:(--)|[ \t]*(?=\r?\n|\Z))")


def _pair(part: bytes) -> Pair:
    """Return the name and the value of a part, which begins with its boundary's line break."""
    blank = _END_OF_HEADERS.search(part)
    headers, value = (part[: blank.start()], part[blank.end() :]) if blank else (part, b"")
    if disposition := _DISPOSITION.search(_FOLD.sub(b" ", headers)):
        for key, quoted, single, plain in _PARAMETER.findall(disposition[1]):
            if key.lower() == b"name":
                return _ESCAPED.sub(rb"\1", quoted) or single or plain.strip(), value
    return b"", value
