"""Identity: when two webhooks are the same event.

The same fields of the same account are the same webhook, in whatever order they come.
With a call's or a chat's id it is one event for ever. Without, it is one event within a
window: the same visitor may leave the same form again tomorrow.

An event's id is a digest of what it is made of, so a repeat finds the first by its id and
nothing is searched. The first of its kind has the id `first_id`. When that one is older
than the window, a repeat is a new event and takes the id of its window, `window_id`: time
is cut into windows, so that those to look at are the one it falls in and the one before.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

from envybox.receiver.normalize.text import identified
from envybox.webhook import Webhook

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(webhook: Webhook) -> str:
    """Return the id of the first event with these fields: 32 hex digits."""
    return _digest([webhook.account, sorted(webhook.fields)])


def is_for_ever(webhook: Webhook) -> bool:
    """Whether the webhook has a call's or a chat's id, so that a repeat is never new."""
    return any(
        identified(value)
        for name, value in webhook.fields
        if name.strip() in ("call_id", "chat_id")
    )


def is_within(window: timedelta, webhook: Webhook, received_at: datetime) -> bool:
    """Whether an event received at this time is near enough to be the same as this one."""
    return abs(webhook.received_at - received_at) <= window


def window_ids(first: str, webhook: Webhook, window: timedelta) -> tuple[str, str, str]:
    """Return the ids of the window that the webhook falls in, of the one before, and after.

    The one after matters where clocks differ or what was spooled is stored late.
    """
    number = (webhook.received_at - _EPOCH) // max(window, timedelta(microseconds=1))
    return _digest([first, number]), _digest([first, number - 1]), _digest([first, number + 1])


def _digest(parts: list[object]) -> str:
    try:
        data = msgspec.json.encode(parts)
    except UnicodeEncodeError:  # a lone surrogate
        data = repr(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(data).hexdigest()[:32]
