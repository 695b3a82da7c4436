from __future__ import annotations

import os
from pathlib import Path

import pytest

from envybox.event import Event
from tests.operator import killed
from tests.operator.test_replay import _published, _subscribe
from tests.operator.worlds import World, an_event

EVENTS = int(os.environ.get("ENVYBOX_TEST_REPLAYED", "600"))
"""How many: `ENVYBOX_TEST_REPLAYED=10000` takes minutes, and shows no more but the number."""


def interrupted(world: World, total: int) -> killed.Figures:
    """Replay so many events of calls, interrupted five times; return what came of it."""
    events: list[Event] = []
    batch = [an_event(seconds=n, call_id=str(1 + n // 3)) for n in range(total)]
    world.put(*batch)
    events = [event for event, _ in batch]
    _subscribe(world)
    runs = killed.replay(total, killed.noted)
    messages = [(one["key"], one["attributes"]["event_id"]) for one in _published(world, total)]
    return killed.figures(runs, events, messages)


def test_interrupted_and_killed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whenever it is killed, none is left out, each call's stay in order, few come twice."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = interrupted(world, EVENTS)
    assert (6, 0, 0) == (found.runs, found.missing, found.out_of_order)
    assert EVENTS + found.twice == found.messages
    # Only what was under way at a SIGKILL is done again: three times at most a chunk of them.
    assert found.twice <= 3 * 200
