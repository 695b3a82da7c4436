"""JSON inside a field's text, as sites and the vendor's pages write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

import msgspec

from envybox.receiver.normalize.text import replace_surrogates, unescape

# The help page prints JSON with these, in no order: `[{«phone»:»79999999999″}]`.
_TYPOGRAPHIC_QUOTE = re.compile("[«»‹›„“”‟‘’‚‛′″‴‵‶ʺ〃＂]")
_MOST_ENCODINGS = 3
_MOST_LEVELS = 100  # subscribers' parsers stop at 64 (.NET), 100 (protobuf), 512 (PHP)


def decode(text: str) -> tuple[Any, bool]:
    """Return the value of JSON text, and whether lone surrogates in it were replaced.

    Where the text is not JSON, typographic quotes are taken for straight ones, then HTML is
    unescaped as well, then quotes lose the backslashes that PHP's `addslashes` puts before
    them. JSON that was encoded twice, so that a list or an object is in a string, is decoded
    as often. Integers keep their size. Raises `ValueError` where that is not JSON either (nor
    are NaN and numbers past a double's range), `RecursionError` where it is over 100 levels
    deep.
    """
    value, replaced = _decode_once(text)
    if not isinstance(value, str):
        return value, replaced
    inner: Any = value
    for _ in range(_MOST_ENCODINGS):
        if not isinstance(inner, str) or not inner.lstrip().startswith(("[", "{", '"')):
            break
        try:
            inner, also = _decode_once(inner)
        except ValueError:
            break
        if isinstance(inner, list | dict):
            return inner, replaced or also
    return value, replaced


def _decode_once(text: str) -> tuple[Any, bool]:
    error = None
    for spelling in _spellings(text):
        try:
            return _decode(spelling)
        except ValueError as refused:
            error = refused
    raise ValueError("not JSON") from error


def _spellings(text: str) -> Iterator[str]:
    yield text
    straight = _TYPOGRAPHIC_QUOTE.sub('"', text)
    if straight != text:
        yield straight
    unescaped = unescape(text)
    if unescaped != text:
        yield _TYPOGRAPHIC_QUOTE.sub('"', unescaped)
    if '\\"' in unescaped:
        yield unescaped.replace('\\"', '"')


def _decode(text: str) -> tuple[Any, bool]:
    try:
        value = msgspec.json.decode(text)
    except ValueError:
        if "\\u" not in text:
            raise
    else:
        _check_depth(text, value)
        return value, False
    # msgspec refuses the escape of a lone surrogate, the standard library does not.
    value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    _check_depth(text, value)
    replaced = _replace_surrogates(value)
    return replaced, replaced != value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number out of range")
    return number


def _check_depth(text: str, value: Any) -> None:
    if text.count("[") + text.count("{") <= _MOST_LEVELS:
        return
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [below for node in level for below in _below(node)]
    if any(isinstance(node, list | dict) for node in level):
        raise RecursionError("JSON nested too deeply")


def _below(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, list):
        return [_replace_surrogates(below) for below in value]
    if isinstance(value, dict):
        return {
            replace_surrogates(name): _replace_surrogates(below) for name, below in value.items()
        }
    return value
