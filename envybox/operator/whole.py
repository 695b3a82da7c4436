"""A stored event as it is published: whole."""

from __future__ import annotations

from envybox.event import Event
from envybox.ports.lookup import Found
from envybox.receiver.normalize import normalize
from envybox.settings import Settings
from envybox.webhook import Webhook, decode_raw

_NOT_WHOLE = ("left to raw", "kept as JSON text")
"""How the warnings of Firestore's documents end, which cannot hold everything."""


def anew(found: Found, settings: Settings) -> Event:
    """Return the event that this version makes of `raw`. Raises `ValueError` where it is none."""
    event = found.event
    webhook = Webhook(
        account=event.account, received_at=event.received_at, fields=decode_raw(found.raw)
    )
    return normalize(webhook, event.id, zone=settings.timezone, region=settings.phone_region)


def whole(found: Found, settings: Settings) -> Event:
    """Return the event as stored, or made anew where the store could not hold all of it."""
    if any(warning.reason.endswith(_NOT_WHOLE) for warning in found.event.warnings):
        try:
            return anew(found, settings)
        except ValueError:  # changed by hand
            return found.event
    return found.event
