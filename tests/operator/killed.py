"""A replay that is interrupted and killed, and gone on with.

What has to hold: each event is published in the replay at least once, those of a call in their
order, and no more twice than were under way when the process was killed.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from envybox.event import Event

_ROOT = Path(__file__).parents[2]
_SIGNALS = (signal.SIGINT, signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGKILL)
RATE = 1000
"""Published a second, and so the most that can be under way when the process is killed."""


class Figures(NamedTuple):
    """What came of it: how many runs, messages, events without one, and out of their order."""

    runs: int
    messages: int
    missing: int
    out_of_order: int
    twice: int


def replay(total: int, published: Callable[[], int]) -> int:
    """Replay all that is stored, interrupted at each sixth of it; return how many runs it took."""
    command = [sys.executable, "-m", "envybox.operator", "replay"]
    first = ["--since", "2020-01-01", "--publish", "--yes", "--name", "killed"]
    runs = 0
    for number in range(len(_SIGNALS) + 1):
        arguments = first if number == 0 else ["--resume", "killed"]
        program = subprocess.Popen(
            [*command, *arguments, "--rate", str(RATE)],
            cwd=_ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        runs += 1
        if number < len(_SIGNALS):
            reached = (number + 1) * total // (len(_SIGNALS) + 1)
            while published() < reached and program.poll() is None:
                time.sleep(0.005)
            program.send_signal(_SIGNALS[number])
        _, errors = program.communicate(timeout=600)
        expected = {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}
        wanted = expected[_SIGNALS[number]] if number < len(_SIGNALS) else 0
        if program.returncode != wanted:
            raise AssertionError((program.returncode, wanted, errors.decode()))
    return runs


def noted() -> int:
    """Return how many events the journal says are done."""
    file = Path(os.environ["XDG_STATE_HOME"], "envybox", "replays", "killed.replay")
    return file.read_bytes().count(b"\n+") if file.exists() else 0


def figures(runs: int, events: list[Event], messages: list[tuple[str, str]]) -> Figures:
    """Return the figures of messages: pairs of the ordering key and the event's id."""
    came = Counter(event_id for _, event_id in messages)
    lanes: dict[str, list[str]] = defaultdict(list)
    for key, event_id in messages:
        lanes[key].append(event_id)
    order: dict[str, list[str]] = defaultdict(list)
    for event in events:
        order[event.call.id if event.call and event.call.id else ""].append(event.id)
    # Which position each message has in its call: a repeat may come, nothing may go back further.
    back = 0
    for key, ids in lanes.items():
        place = {event_id: n for n, event_id in enumerate(order[key])}
        places = [place[event_id] for event_id in ids]
        back += sum(later < earlier for earlier, later in itertools.pairwise(places))
    return Figures(
        runs=runs,
        messages=len(messages),
        missing=sum(event.id not in came for event in events),
        out_of_order=back,
        twice=sum(number - 1 for number in came.values()),
    )
