"""Redaction: a webhook without any trace of its key."""

from __future__ import annotations

import html
import re

from envybox.event import FieldWarning
from envybox.receiver.request import base_name
from envybox.receiver.request.text import Read
from envybox.webhook import Fields

# A character of a key, as URLs, JSON and HTML may write it.
_PERCENT_ESCAPE = re.compile(r"%([2-7][0-9A-Fa-f])")
_JSON_ESCAPE = re.compile(r"\\u00([2-7][0-9A-Fa-f])")
# How often escaped text is taken apart; nobody but an attacker escapes it more often.
_MOST_LEVELS = 8
_HTML_ESCAPE = re.compile(
    r"&(?:#0{0,99}[0-9]{2,3}|#[xX]0{0,99}[0-9A-Fa-f]{2}|(?:low|Under)bar|bsol);?"
)


def without_key(fields: Fields, warnings: list[FieldWarning]) -> Read:
    """Return verified fields, and the warnings of reading them, without any trace of the key.

    That is without the field `key` and PHP's elements of it, and with the key's text
    blacked out wherever else it stands (the address of a page, say), whatever its letter
    case, and in the escapes of URLs, HTML and JSON, which others may undo.
    """
    key = next((value for name, value in fields if name == "key"), "")
    kept = [pair for pair in fields if "key" not in pair[0] or base_name(pair[0]) != "key"]
    text = "\n".join([part for pair in kept for part in pair] + [w.field for w in warnings])
    if key and _shows(text, key):
        kept = [(_black_out(name, key), _black_out(value, key)) for name, value in kept]
        warnings = [FieldWarning(_black_out(w.field, key), w.reason) for w in warnings]
    return kept, warnings


def _shows(text: str, key: str) -> bool:
    return _is_in(key, text) or _revealing(text, key) is not None


def _is_in(key: str, text: str) -> bool:
    """Whether the text holds the key, in capitals or not (bytes: for they are faster)."""
    return key.lower().encode() in text.encode("utf-8", "surrogatepass").lower()


def _revealing(text: str, key: str) -> str | None:
    """Return the text without its escapes where that brings the key to light."""
    ways = []
    if "%" in text:
        ways.append(_PERCENT_ESCAPE.sub(_character, text))
    if "\\u00" in text:
        ways.append(_JSON_ESCAPE.sub(_character, text))
    if "&#" in text or "bar;" in text or "&bsol;" in text:
        unescaped = _HTML_ESCAPE.sub(lambda escape: html.unescape(escape[0]), text)
        ways += (unescaped, _JSON_ESCAPE.sub(_character, unescaped))  # JSON may stand in HTML
    return next((plain for plain in ways if _is_in(key, plain)), None)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _black_out(text: str, key: str) -> str:
    for _ in range(_MOST_LEVELS):
        text = re.sub(re.escape(key), "*" * len(key), text, flags=re.IGNORECASE)
        plain = _revealing(text, key)
        if plain is None:
            return text
        text = plain
    return "*" * len(key)
