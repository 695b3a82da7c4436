"""What is owed to subscribers: events that are pending, webhooks that are spooled."""

from __future__ import annotations

import time
from datetime import datetime

import msgspec

from envybox.operator.console.desk import Desk
from envybox.operator.spooled import Spooled, state
from envybox.ports.lookup import Filters

SPOOL_SECONDS = 30.0
"""How old what is known of a project's spool may be: it is asked over the network."""


class Gauges(msgspec.Struct, frozen=True):
    """What is owed now. `spool` is None where it is not known yet; `trouble` says what is amiss."""

    pending: int = 0
    oldest: datetime | None = None
    spool: Spooled | None = None
    trouble: str = ""


class Owed:
    """What a desk's receiver owes. Any thread may ask."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._spool: Spooled | None = None
        self._due_at = 0.0

    def now(self, *, wait: bool = False) -> Gauges:
        """Return what is owed; of the spool what was found last, unless one may `wait` for it.

        Raises what the look-up does.
        """
        filters = Filters(pending=True)
        pending = self._desk.lookup.count(filters).number
        first = self._desk.lookup.page(filters, limit=1).events if pending else []
        oldest = first[0].event.received_at if first else None
        if self._desk.place.is_local or (wait and time.monotonic() >= self._due_at):
            self._spool = state(self._desk.place)
            self._due_at = time.monotonic() + SPOOL_SECONDS
        return Gauges(pending, oldest, self._spool)
