"""Keeps the recordings of calls in Cloud Storage: the vendor's links end some day.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime

from envybox import Event
from envybox.errors import Refused
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory

from bucket import Bucket
from fetch import Fetcher, NotReady, Sound
from settings import load

SETTINGS = configured(load)
FETCHER = Fetcher(SETTINGS.hosts, most_bytes=SETTINGS.most_bytes)
BUCKET = Bucket(SETTINGS.bucket)
MEMORY = memory("recordings", os.environ)


@function
def main(event: Event) -> str:
    """Keep the recording of a talk, once for each call."""
    call = event.call
    if not call or not call.record_url or call.state != "answered":
        return "nothing to keep: no talk, or no link"
    with MEMORY.once(f"call/{call.id}" if call.id else event.key) as turn:
        if turn.done:
            return "kept before"
        sound = _fetch(event, call.record_url)
        name = _name(event, sound)
        BUCKET.keep(name, sound.content, sound.type, _labels(event, sound))
        turn.result = {"object": name}
    return f"kept as {name}"


def _fetch(event: Event, url: str) -> Sound:
    try:
        return FETCHER.fetch(url)
    except NotReady as error:
        # A recording takes a while to be made. Pub/Sub does the waiting, with longer pauses.
        if datetime.now(UTC) - event.received_at > SETTINGS.patience:
            raise Refused(f"given up after {SETTINGS.patience}: {error}") from None
        raise


def _name(event: Event, sound: Sound) -> str:
    """Return the object's name, without anything of the visitor's: account, day, call."""
    call_id = event.call and event.call.id
    # The same for each event of the call, so that Cloud Storage too would keep it once.
    at = MEMORY.stories.of(event).started_at if call_id else event.received_at
    number = call_id if call_id and re.fullmatch(r"[0-9]{1,30}", call_id) else event.id
    day = f"{at.astimezone(SETTINGS.zone):%Y/%m/%d}"
    return f"{_plain(event.account)}/{day}/{number}.{sound.extension}"


def _labels(event: Event, sound: Sound) -> dict[str, str]:
    """Return what the object says of itself: by `event_id` the rest is found in Firestore."""
    call = event.call
    labels = {
        "event_id": event.id,
        "call_id": call.id if call else None,
        "account": event.account,
        "site": event.page.site,
        "called_at": call.called_at.isoformat() if call and call.called_at else None,
        "duration_seconds": str(call.duration_seconds or 0) if call else None,
        "sha256": hashlib.sha256(sound.content).hexdigest(),
    }
    return {name: value[:200] for name, value in labels.items() if value}


def _plain(account: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", account)
