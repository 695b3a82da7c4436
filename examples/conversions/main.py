"""Sends conversions to Google Analytics 4 and Yandex.Metrica: one a call, a chat, a form.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from envybox import Event
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory

import ga4
import metrica
from settings import load
from table import Row

SETTINGS = configured(load)
MEMORY = memory("conversions", os.environ)


@function
def main(event: Event) -> str:
    """Send the event's conversion to each service that knows its visitor."""
    row = next((row for row in SETTINGS.rows if row.counts(event)), None)
    if row is None:
        return "no conversion"
    if not SETTINGS.consents(event):
        return "not sent: no consent"
    services = ((SETTINGS.ga4, ga4.LATEST), (SETTINGS.metrica, metrica.LATEST))
    done = [_send(service, event, row, latest) for service, latest in services if service]
    return f"{row.goal}: {', '.join(done)}"


def _send(service: ga4.Ga4 | metrica.Metrica, event: Event, row: Row, latest: timedelta) -> str:
    """Send a conversion, once for each call, chat or form, and say in a word what became of it."""
    if not service.knows(event):
        return f"{service.name} has no id of the visitor"
    at = _at(event)
    if datetime.now(UTC) - at > latest:
        return f"{service.name} takes nothing that old"
    of_thread = (event.call and event.call.id) or (event.chat and event.chat.id)
    thread = str(event.subject) if of_thread else event.key
    with MEMORY.once(f"{thread}@{service.name}") as turn:
        if turn.done:
            return f"{service.name} before"
        # Done whatever becomes of the act: after a time-out the next try can look first.
        with MEMORY.once(f"{thread}@{service.name}@begun") as begun:
            again = begun.done
        service.send(event, row, at, thread=thread, again=again)
    return f"{service.name} sent"


def _at(event: Event) -> datetime:
    """Return when it happened (UTC), never later than now: Metrica refuses what is to come.

    Envybox's times have no zone; one that was read in a wrong zone may lie in the future.
    """
    return min(event.occurred_at or event.received_at, event.received_at, datetime.now(UTC))
