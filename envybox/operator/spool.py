"""The spool: webhooks that the receiver could not store, and that wait to be."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from envybox.errors import Unavailable
from envybox.operator.place import Place
from envybox.types import spool_topic


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """How many webhooks wait, and since when the oldest does; `note` says why it is not known."""

    count: int = 0
    oldest: datetime | None = None
    note: str = ""


def state(place: Place) -> Spooled:
    """Return what waits in the spool of a place. Raises `Unavailable`."""
    if not place.is_local:
        return Spooled(note="not counted here: the alert on the oldest message watches it")
    from envybox.local.database import to_time
    from envybox.local.subscriptions import waiting

    path = place.settings.local_path
    if not Path(path).exists():  # to look makes no file
        return Spooled()
    try:
        number, oldest = waiting(path, spool_topic(place.settings.topic_prefix))
    except sqlite3.Error as error:
        raise Unavailable(f"{path}: {error}") from error
    return Spooled(count=number, oldest=to_time(oldest) if oldest else None)
