"""Bodies of the type multipart/form-data."""

from __future__ import annotations

import logging

from envybox.errors import Malformed
from envybox.receiver.request.text import Pair, Read, check_count, decode_pairs

# The parser logs what it does not like, pieces of the body with it.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())
logging.getLogger("python_multipart").propagate = False


def parse(body: bytes, content_type: str) -> Read:
    """Return the fields; a part that is a file counts as a field with the file's text.

    A part without a name has the name ''. Raises `Malformed` where there is no boundary, or
    the body ends before its closing boundary.
    """
    # Imported when needed: nobody has seen Envybox send multipart.
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise Malformed("multipart/form-data without a boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_begin": parts.header_begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_part_data": parts.data,
                "on_end": parts.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Malformed("the body is not multipart/form-data of its boundary") from error
    if not parts.ended:
        raise Malformed("the body ends before its closing boundary")
    pairs: list[Pair] = []
    for disposition, value in parts.all:
        name = parse_options_header(bytes(disposition))[1].get(b"name", b"")
        pairs.append((name, bytes(value)))
    return decode_pairs(pairs)


class _Parts:
    """Collects each part's Content-Disposition and body from the parser's callbacks."""

    def __init__(self) -> None:
        self.all: list[tuple[bytearray, bytearray]] = []
        self.ended = False
        self._header = bytearray()
        self._header_value = bytearray()

    def begin(self) -> None:
        self.all.append((bytearray(), bytearray()))
        check_count(len(self.all))

    def header_begin(self) -> None:
        self._header.clear()
        self._header_value.clear()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self.all[-1][0][:] = self._header_value

    def data(self, data: bytes, start: int, end: int) -> None:
        self.all[-1][1].extend(memoryview(data)[start:end])

    def end(self) -> None:
        self.ended = True
