"""The course of recovery: where a run looks, when it gives a topic up, where the next goes on.

A run begins where the last one passed something by, and ends there, so that no topic's backlog
hides another's for good, however long. What runs know of each other is in the process alone:
without it a run begins with the oldest, which costs reading, and nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from envybox.event import Event
from envybox.ports.store import Mark, Stored

TOPIC_FAILURES = 5
"""After so many failures a topic's events are left for the next run, for others' sake."""

TOPIC_REFUSALS = 100
"""The same for messages that may be refused for what they hold: no fault of the topic's."""

LOST_MARKS = 40
"""After so many in a row a run ends: what it cannot mark, the next one publishes again."""

PASSED_BY = 500
"""How many events a leg reads, at most, that are not tried: those of topics given up."""

FULL_LOOK_SECONDS = 600.0
"""How often a run looks at all that is pending, whatever its age."""

LOOK_BACK = timedelta(minutes=10)
"""How far before the oldest pending event the others begin: for clocks that differ."""


_EARLIEST = datetime.min.replace(tzinfo=UTC) + LOOK_BACK


class Leg(NamedTuple):
    """A part of what is pending: received in a span of time, and `after` an event."""

    since: datetime | None
    before: datetime
    after: Stored | None = None


class Stop(NamedTuple):
    """Where to go on: after an event, or with the oldest."""

    after: Stored | None


class Course:
    """What the runs of a process know of each other."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._full_look_at = 0.0
        self._stopped_at: Stored | None = None
        self._due: datetime | None = None

    def begin(self, before: datetime) -> tuple[Leg | None, list[Leg]]:
        """Return the legs of a run over what was received before a time.

        First what came due since the last run, where that would not come first by itself;
        then all: on from where the last run stopped, and round to there.
        """
        now = time.monotonic()
        if now >= self._full_look_at:
            self._full_look_at = now + FULL_LOOK_SECONDS
            self._since = None
        place, due = self._stopped_at, self._due
        self._due = before
        if place is None:
            return None, [Leg(self._since, before)]
        border = min(before, place.received_at + timedelta(microseconds=1))
        on, round_ = Leg(self._since, before, place), Leg(self._since, border)
        return Leg(due, before), [on, round_]

    @property
    def since(self) -> datetime | None:
        """When the oldest event was received that may be pending. None: nobody looked."""
        return self._since

    def note_pending(self, received_at: datetime) -> None:
        """Tell of an event that became pending now, whenever it was received."""
        if self._since is not None:
            self._since = min(self._since, received_at)

    def stop(self, stop: Stop | None) -> None:
        """Tell where the next run is to go on; None where nothing was passed by."""
        self._stopped_at = stop.after if stop else None

    def looked(self, before: datetime, oldest: datetime | None) -> None:
        """Tell what was the oldest pending event after a run over what came before a time."""
        oldest = before if oldest is None else min(before, oldest)
        self._since = oldest - LOOK_BACK if oldest > _EARLIEST else None


class Run:
    """How far a run has come, which tells what is worth trying."""

    def __init__(self, seconds: float) -> None:
        self._stop_at = time.monotonic() + seconds
        self._failures: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._lost_marks: list[str] = []
        self._tried: set[str] = set()
        self.published = 0
        self.failed = 0

    def goes_on(self) -> bool:
        """Whether to take more."""
        return time.monotonic() < self._stop_at and self.ended_by is None

    @property
    def ended_by(self) -> str | None:
        """Why marks are lost, where too many are."""
        return self._lost_marks[-1] if len(self._lost_marks) >= LOST_MARKS else None

    def has_tried(self, event_id: str) -> bool:
        """Whether an event had its turn."""
        return event_id in self._tried

    def tries(self, event: Event) -> bool:
        """Whether to try an event now: not where the run is over or its topic given up."""
        if (
            not self.goes_on()
            or self._failures[event.type] >= TOPIC_FAILURES
            or self._refusals[event.type] >= TOPIC_REFUSALS
        ):
            return False
        self._tried.add(event.id)
        return True

    def note(self, event: Event, mark: Mark, lost: str | None) -> None:
        """Tell how an event's try ended, and why its mark was lost, if it was."""
        if mark.message_id is None:
            self.failed += 1
            (self._refusals if mark.rejected else self._failures)[event.type] += 1
        else:
            self.published += 1
        if lost is None:
            self._lost_marks.clear()
        else:
            self._lost_marks.append(lost)

    def note_broken(self, event_id: str) -> None:
        """Tell of an event that cannot even be made a message."""
        self._tried.add(event_id)
        self.failed += 1
