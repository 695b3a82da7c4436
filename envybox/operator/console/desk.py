"""What the console looks at: a store of events, and what there is around it."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from envybox.ports.lookup import Filters, Lookup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """A store, and how it is shown.

    `place` names it (a file's path, a project); on a `deployed` project the console is
    read-only, and each event that is read costs. `receiver` is the URL that webhooks go to,
    '' where it is not known.
    """

    lookup: Lookup
    zone: ZoneInfo
    place: str
    deployed: bool = False
    receiver: str = ""

    @property
    def sample(self) -> int:
        """How many of a list's newest events are read for its charts and counts, at most."""
        return 500 if self.deployed else 2000

    @property
    def poll_seconds(self) -> float:
        """How often to look for new events while a page is open."""
        return 1.0 if self.deployed else 0.25


class Gauges(msgspec.Struct, frozen=True):
    """What is owed to subscribers. `trouble` says why nothing is known."""

    pending: int = 0
    oldest: datetime | None = None
    trouble: str = ""


def gauges(lookup: Lookup) -> Gauges:
    """Return what is pending now. Raises what the look-up does."""
    filters = Filters(pending=True)
    pending = lookup.count(filters).number
    first = lookup.page(filters, limit=1).events if pending else []
    return Gauges(pending, first[0].event.received_at if first else None)
