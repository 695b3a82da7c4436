"""The spool: webhooks that the receiver could not store, and that wait to be."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from envybox.errors import Unavailable
from envybox.operator.place import Place
from envybox.types import spool_topic

LATE_SECONDS = 600
"""Older than this it is late: the longest pause between two tries of Pub/Sub's."""

NO_FIGURE = "no figure of the last quarter of an hour"
"""What is told where Cloud Monitoring knows nothing, which is not that nothing is there."""


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """How many webhooks wait, and since when the oldest does; `note` says why it is not known."""

    count: int = 0
    oldest: datetime | None = None
    note: str = ""


def state(place: Place) -> Spooled:
    """Return what waits in the spool of a place: of a project some minutes ago.

    Raises `Unavailable` where the embedded file cannot be read.
    """
    topic = spool_topic(place.settings.topic_prefix)
    if place.is_local:
        return _of_file(place.settings.local_path, topic)
    if place.is_emulated:
        return Spooled(note="the emulators have no metrics")
    from envybox.operator.metrics import waiting

    try:
        found = waiting(place.project, topic)
    except Unavailable as error:
        return Spooled(note=str(error))
    if found.number is None or found.as_of is None:
        return Spooled(note=NO_FIGURE)
    age = timedelta(seconds=found.oldest_seconds or 0)
    return Spooled(count=found.number, oldest=found.as_of - age if found.number else None)


def _of_file(path: str, topic: str) -> Spooled:
    from envybox.local.database import to_time
    from envybox.local.subscriptions import waiting

    if not Path(path).exists():  # to look makes no file
        return Spooled()
    try:
        number, oldest = waiting(path, topic)
    except sqlite3.Error as error:
        raise Unavailable(f"{path}: {error}") from error
    return Spooled(count=number, oldest=to_time(oldest) if oldest else None)
