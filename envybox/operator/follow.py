"""Following what is published, live: one source for each place."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from envybox.errors import Unavailable
from envybox.operator.place import Place, say
from envybox.operator.source import POLL_SECONDS, Came, Source
from envybox.ports.lookup import Filters, Lookup, scan
from envybox.receiver import message

STORE_SECONDS = 2.0
"""How often the store is asked, where no subscription may be made: each time costs a read."""


def live(
    place: Place, lookup: Lookup, types: list[str]
) -> contextlib.AbstractContextManager[Source]:
    """Follow the topics of types from now on."""
    if place.is_local:
        return contextlib.nullcontext(_log(place, types))
    from envybox.operator.listening import subscribed

    return _or_store(subscribed(place, types), lookup, types)


@contextlib.contextmanager
def _or_store(
    subscribed: contextlib.AbstractContextManager[Source], lookup: Lookup, types: list[str]
) -> Iterator[Source]:
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(subscribed)
        except Unavailable as error:
            say(f"{error}\nNo subscription: the store is followed, where events come a bit later.")
            source = stored(lookup, types)
        yield source


def _log(place: Place, types: list[str]) -> Source:
    from envybox.local import log

    path = place.settings.local_path

    def source(reached: int) -> Source:
        while True:
            with _told(path):
                found = log.after(path, reached)
            for one in found:
                reached = one.sequence
                if one.message.attributes.get("type") in types:
                    yield Came(one.message, one.message_id, one.published_at)
            if not found:
                yield None
                time.sleep(POLL_SECONDS)

    with _told(path):
        return source(log.end(path))  # from this moment on, not from the first look


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"{path}: {error}") from error


def stored(lookup: Lookup, types: list[str]) -> Source:
    """Follow the store: what is received from now on, once it is marked as published."""
    since = datetime.now(UTC)

    def source() -> Source:
        seen: set[str] = set()
        while True:
            for came in caught_up(lookup, types, since):
                event_id = came.message.attributes["event_id"]
                if event_id not in seen:
                    seen.add(event_id)
                    yield came
            yield None
            time.sleep(STORE_SECONDS)

    return source()


def caught_up(lookup: Lookup, types: list[str], since: datetime) -> Iterator[Came]:
    """Give what was received and published since a time, the oldest first, from the store."""
    for found in list(scan(lookup, Filters(since=since)))[::-1]:
        event = found.event
        if event.type in types and found.publish.state == "published":
            at = f"{event.received_at:%Y-%m-%dT%H:%M:%S.%fZ}"
            yield Came(message.of_event(event), found.publish.message_id or "", at)
