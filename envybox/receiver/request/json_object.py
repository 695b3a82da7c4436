"""Bodies of the type application/json: one object, read pair by pair.

Envybox was never seen to send JSON; comparable services do. No library tells all of what
is needed here: names that come twice (two keys must be refused), numbers as they were
written (ids past 2^53), nested values as they were written.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from json import decoder

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.receiver.request.text import MAX_FIELDS, Read, check_count, decode
from envybox.webhook import Fields

# Given a text and where a string's first character is: the string, and where it ends.
_scan_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]  # public, but unknown to typeshed
_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# A string's end is optional: else each quote of one that has none is tried to the text's end.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_MOST_JUDGED = MAX_FIELDS
_STRING = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)', re.DOTALL)


def parse(body: bytes, _content_type: str) -> Read:
    """Return the object's members: text as it is, `null` as '', all else as its JSON text.

    Raises `Malformed` where the body is no JSON object.
    """
    members = read(body)
    if members is None:
        raise Malformed("the body is not a JSON object")
    return members


def read(body: bytes) -> Read | None:
    """Return what `parse` does, or None where the body is no JSON object.

    Raises `Malformed` where there are too many members.
    """
    text, broken = _decode(body.removeprefix(codecs.BOM_UTF8))
    try:
        members, ends = _members(text)
    except (ValueError, IndexError):
        return None
    warnings = [
        FieldWarning(members[bisect_left(ends, at)][0], reason) for at, reason in broken.items()
    ]
    return members, list(dict.fromkeys(warnings))


def _decode(body: bytes) -> tuple[str, dict[int, str]]:
    """Return the text, and of each string in it that was not UTF-8 a place in it and the reason.

    A string is judged by itself: one broken byte must not garble its neighbours. To judge one
    takes its time, and a body has room for 60,000: what follows the first thousand is one.
    """
    try:
        return body.decode(), {}
    except UnicodeDecodeError:
        pass
    pieces: list[str] = []
    broken: dict[int, str] = {}
    end = 0
    strings = _STRING.split(body)
    for number, string in enumerate(strings):
        piece, reason = decode(string)
        is_rest = reason is not None and len(broken) == _MOST_JUDGED
        if is_rest:
            piece, reason = decode(b"".join(strings[number:]))
        if reason:
            broken[end + 1] = reason
        pieces.append(piece)
        end += len(piece)
        if is_rest:
            break
    return "".join(pieces), broken


def _members(text: str) -> tuple[Fields, list[int]]:
    """Return the members, and of each where its value ends."""
    pairs: Fields = []
    ends: list[int] = []
    position = _expect(text, _skip(text, 0), "{")
    if text[position] == "}":
        closing = position
    else:
        while True:
            name, position = _scan_string(text, _expect(text, position, '"', skip=False), True)
            position = _expect(text, _skip(text, position), ":")
            value, position = _value(text, position)
            pairs.append((name, value))
            ends.append(position)
            check_count(len(pairs))
            closing = _skip(text, position)
            if text[closing] != ",":
                break
            position = _skip(text, closing + 1)
    if _expect(text, closing, "}") != len(text):
        raise ValueError
    return pairs, ends


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _expect(text: str, position: int, character: str, *, skip: bool = True) -> int:
    """Return the position after a character (and the white space behind it)."""
    if text[position] != character:
        raise ValueError
    return _skip(text, position + 1) if skip else position + 1


def _value(text: str, position: int) -> tuple[str, int]:
    if text[position] == '"':
        return _scan_string(text, position + 1, True)
    if text[position] in "[{":
        end = _end_of_nested(text, position)
        nested = text[position:end]
        with suppress(RecursionError):  # too deep to check, and balanced: kept as it is
            json.loads(nested, parse_constant=_refuse, parse_int=str, parse_float=str)
        return nested, end
    match = _SCALAR.match(text, position)
    if match is None:
        raise ValueError
    scalar = match.group()
    return "" if scalar == "null" else scalar, match.end()


def _end_of_nested(text: str, position: int) -> int:
    """Return where a list or an object ends, without recursion: depth costs nothing."""
    depth = 0
    for token in _TOKEN.finditer(text, position):
        if token.group() in "[{":
            depth += 1
        elif token.group() in "]}":
            depth -= 1
            if depth == 0:
                return token.end()
    raise ValueError


def _refuse(constant: str) -> str:
    raise ValueError(constant)
