"""Runs a replay: reads the events, hands them on in rounds, notes what is done.

In a round are events of different calls, so that of those of one call each is done before
the next begins: whatever happens in between, they stay in order.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from envybox.event import Event
from envybox.operator.journal import Journal
from envybox.operator.whole import whole
from envybox.ports.lookup import Found, Lookup
from envybox.ports.publish import Message
from envybox.receiver import message
from envybox.settings import Settings

CHUNK = 200

Deliver = Callable[[list[tuple[Event, Message]]], Iterable[str]]
"""Takes a round; gives for each event '' or why it was not taken, as soon as it is known."""


class Outcome(msgspec.Struct, kw_only=True):
    """What a run did: how many were delivered, left alone, and the first that was not taken."""

    delivered: int = 0
    skipped: int = 0
    problem: str = ""
    interrupted: bool = False


def run(
    lookup: Lookup,
    journal: Journal,
    deliver: Deliver,
    settings: Settings,
    *,
    rate: float,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Deliver all that is left, at most `rate` a second; end at the first that is not taken."""
    outcome = Outcome()
    started = time.monotonic()
    left = journal.left
    with stop_by_signal() as stop:
        for start in range(0, len(left), CHUNK):
            ids = left[start : start + CHUNK]
            found = lookup.several(ids)
            ready = [found[id_] for id_ in ids if id_ in found and _is_owed(found[id_])]
            skipped = set(ids) - {one.event.id for one in ready}
            journal.done(skipped)
            outcome.skipped += len(skipped)
            for batch in _rounds(ready, settings, journal, most=max(1, int(rate))):
                wait = started + outcome.delivered / rate - time.monotonic()
                if stop.wait(max(0.0, wait)):
                    outcome.interrupted = True
                    return outcome
                _round(batch, journal, deliver, outcome)
                progress(outcome.delivered)
                if outcome.problem:
                    return outcome
    return outcome


def _round(
    batch: list[tuple[Event, Message]], journal: Journal, deliver: Deliver, outcome: Outcome
) -> None:
    for problem, (event, _) in zip(deliver(batch), batch, strict=False):
        if problem:
            outcome.problem = outcome.problem or f"{event.id}: {problem}"
        else:
            journal.done([event.id])
            outcome.delivered += 1


def _is_owed(found: Found) -> bool:
    """Whether an event can be replayed: what is pending will be published by `recover`."""
    return found.erased_at is None and found.publish.state == "published"


def _rounds(
    ready: list[Found], settings: Settings, journal: Journal, *, most: int
) -> Iterator[list[tuple[Event, Message]]]:
    lanes: dict[str, list[tuple[Event, Message]]] = defaultdict(list)
    for found in ready:
        event = whole(found, settings)
        new = message.of_event(event)
        attributes = new.attributes | {"replay": journal.plan.name}
        if journal.plan.again:
            attributes["replay-again"] = "1"
        lane = new.ordering_key and f"{event.account}/{new.ordering_key}"
        lanes[lane or event.id].append((event, msgspec.structs.replace(new, attributes=attributes)))
    while lanes:
        heads = [lane.pop(0) for lane in lanes.values()]
        lanes = defaultdict(list, {key: lane for key, lane in lanes.items() if lane})
        for start in range(0, len(heads), most):
            yield heads[start : start + most]


@contextmanager
def stop_by_signal() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C sets: the round under way is finished first."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)  # a second one ends it at once
        stop.set()

    if threading.current_thread() is not threading.main_thread():  # no signal comes here
        yield stop
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
