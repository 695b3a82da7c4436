"""What the console looks at: the events of a place, and what there is around them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from zoneinfo import ZoneInfo

from envybox.operator.place import Place
from envybox.ports.lookup import Lookup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """A place, and how it is shown.

    On a `deployed` project the console is read-only but for replays, and each event that is
    read costs. `receiver` is the URL that webhooks go to, '' where it is not known.
    """

    place: Place
    lookup: Lookup
    name: str
    deployed: bool
    receiver: str = ""

    @classmethod
    def of(cls, place: Place, receiver: str = "") -> Desk:
        """Return the desk of a place, which is told where it is."""
        emulated = "FIRESTORE_EMULATOR_HOST" in os.environ
        local = place.is_local
        return cls(
            place=place,
            lookup=place.lookup(),
            name=Path(place.settings.local_path).name if local else place.project,
            deployed=not (local or emulated),
            receiver=receiver,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are shown in."""
        return self.place.settings.timezone

    @property
    def sample(self) -> int:
        """How many of a list's newest events are read for its charts and counts, at most."""
        return 500 if self.deployed else 1000

    @property
    def poll_seconds(self) -> float:
        """How often to look for new events while a page is open."""
        return 1.0 if self.deployed else 0.25
