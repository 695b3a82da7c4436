from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from envybox import Once
from envybox.event import Event
from envybox.subscriber.memory import memory
from tests.operator.support import run
from tests.operator.worlds import World, an_event

PHONE = "+79000000001"


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is erased is noted."""
    monkeypatch.chdir(tmp_path)


def _once(world: World) -> Once:
    """Return what takes the turns of a function that is deployed beside the receiver."""
    return memory("crm", world.environ).once


def _took(once: Once, event: Event, *, key: str | None = None) -> tuple[bool, Any]:
    """Take a turn, and leave who it was for; return whether it was done before, and its result."""
    with once.subject(event, key=key) as turn:
        told = turn.done, turn.result
        if not turn.done:
            turn.result = {"who": event.visitor.name}
    return told


def test_of_a_person(world: World) -> None:
    """What was kept under a phone is gone, what else was left is empty, another's stays."""
    event, fields = an_event(phone=PHONE, name="Anna")
    other, others = an_event(seconds=1, phone="+79000000002", name="Boris", call_id="77")
    world.put((event, fields), (other, others))
    once = _once(world)
    for one in (event, other):
        _took(once, one)
        _took(once, one, key=one.visitor.phone)
    assert "2 turns" in run("erase", "--phone", PHONE, "--yes").stderr
    assert (True, None) == _took(once, event)
    assert (False, None) == _took(once, event, key=PHONE)
    assert (True, {"who": "Boris"}) == _took(once, other)
    assert (True, {"who": "Boris"}) == _took(once, other, key="+79000000002")
    assert "No event." in run("erase", "--phone", PHONE, "--yes").stderr


def test_nothing_was_left(world: World) -> None:
    """A turn that left nothing stays as it is; so does all where nobody takes any."""
    event, fields = an_event(phone=PHONE)
    world.put((event, fields))
    once = _once(world)
    with once(event):
        pass
    assert "0 turns" in run("erase", "--phone", PHONE, "--yes").stderr
    with once(event) as turn:
        assert turn.done


def test_nobody_takes_turns(local: World) -> None:
    """Without subscribers' turns there is nothing to forget."""
    local.put(an_event(phone=PHONE))
    assert "0 turns" in run("erase", "--phone", PHONE, "--yes").stderr


def test_a_file_that_is_none(local: World) -> None:
    """Turns that cannot be read are told, and nothing is erased."""
    event, fields = an_event(phone=PHONE)
    local.put((event, fields))
    path = Path(local.settings.local_path).with_name("once.db")
    path.write_text("no database, but text that is long enough to be read as none" * 20)
    assert "once.db" in run("erase", "--phone", PHONE, "--yes", status=1).stderr
    assert event.id in run("events").stdout
