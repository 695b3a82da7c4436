"""Pairing: the key of a refused webhook, for an owner who has no other way to learn it."""

from __future__ import annotations

from envybox.receiver.keys.entries import WELL_FORMED
from envybox.webhook import Fields


def pairing_key(fields: Fields) -> str | None:
    """Return the key of a webhook that looks like Envybox's own.

    None unless there is exactly one key, of 32 lower-case hex digits.
    """
    presented = [value for name, value in fields if name == "key"]
    if len(presented) == 1 and WELL_FORMED.fullmatch(presented[0]):
        return presented[0]
    return None
