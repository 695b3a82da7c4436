"""A webhook whose key was verified, before anything is made of it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from envybox.event import FieldWarning

Fields = list[tuple[str, str]]
"""The fields as received: in order, repeats included, without the key."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """What Envybox sent: whose it is, when it came (UTC) and its fields.

    `warnings` are those of reading the body (text that was not UTF-8); the fields'
    own come from normalization.
    """

    account: str
    received_at: datetime
    fields: Fields
    warnings: tuple[FieldWarning, ...] = ()


_decoder = msgspec.json.Decoder(Fields)


def encode_raw(fields: Fields) -> str:
    r"""Return the fields as JSON text, a list of pairs; `decode_raw` gives them back.

    A lone surrogate, which UTF-8 cannot hold, is written as its escape (`\ud800`). Two
    that stand together as a pair come back as the one character that they spell.
    """
    try:
        return msgspec.json.encode(fields).decode()
    except UnicodeEncodeError:
        import json

        return json.dumps(fields, separators=(",", ":"))


def decode_raw(raw: str) -> Fields:
    """Return the fields that `encode_raw` wrote.

    Raises `ValueError` where the text is not a JSON list of pairs of text.
    """
    try:
        return _decoder.decode(raw)
    except (ValueError, RecursionError):
        import json  # msgspec refuses the escape of a lone surrogate, this does not

    try:
        return msgspec.convert(json.loads(raw), Fields)
    except (ValueError, RecursionError) as error:
        raise ValueError("not a list of fields") from error
