"""Making events anew, erasing them, and what is pending."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envybox.errors import Rejected
from envybox.event import NORMALIZER_VERSION, Event
from envybox.local.lookup import SqliteLookup
from envybox.ports.lookup import Found
from envybox.ports.publish import Message
from tests.operator.support import run
from tests.operator.worlds import NOW, World, an_event


def _old(**changes: str) -> tuple[Event, Any]:
    """Return an event as an older version would have made it: it did not know the name."""
    event, fields = an_event(name="Анна\x1b", **changes)
    visitor = msgspec.structs.replace(event.visitor, name=None)
    return msgspec.structs.replace(event, visitor=visitor), fields


def _age(world: World) -> None:
    """Make all that is stored be of an older normalizer."""
    if world.is_local:
        with sqlite3.connect(world.settings.local_path) as db:
            db.execute("UPDATE events SET normalizer = 0")
        db.close()
        return
    client = world.by_hand()
    for document in client.collection("events").list_documents():
        document.update({"normalizer": 0})
    client.close()


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of their own for what commands write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_anew(world: World) -> None:
    """What an older version made is made anew; a run that is dry shows it and writes nothing."""
    event, fields = _old()
    world.put(
        (event, fields), same := an_event(seconds=1), expire_at=datetime(2027, 1, 1, tzinfo=UTC)
    )
    _age(world)
    before = world.lookup().get(event.id)
    dry = run("renormalize", "--dry-run")
    assert f"{event.id}  visitor.name: nothing → Анна␛" in dry.stdout
    assert "        1  visitor.name" in dry.stdout
    assert "1 events change, 1 stay" in dry.stderr
    assert before == world.lookup().get(event.id)
    assert "2 events written" in run("renormalize", "--yes", "--replay", "names").stderr
    after = world.lookup().get(event.id)
    assert after is not None
    assert before is not None
    assert ("Анна\x1b", NORMALIZER_VERSION) == (after.event.visitor.name, after.normalizer)
    assert (before.raw, before.publish, before.expire_at) == (
        after.raw,
        after.publish,
        after.expire_at,
    )
    assert "0 events change, 0 stay" in run("renormalize").stderr
    replayed = run("replay", "--resume", "names")
    assert "Replay names: 1 events" in replayed.stderr
    assert same[0].id != event.id


def test_of_this_version_too(local: World) -> None:
    """After new settings what this version made is made anew as well, after a question."""
    local.put(_old())
    assert "0 events change" in run("renormalize").stderr
    run("renormalize", "--all", text="n\n", status=1)
    assert "1 events written" in run("renormalize", "--all", text="y\n").stderr


def test_a_few_examples(local: World) -> None:
    """Of many events that change alike a few are shown, and all are counted."""
    local.put(*(_old(visitor_id=str(n)) for n in range(5)))
    shown = run("renormalize", "--all", "--dry-run").stdout
    assert 3 == shown.count("nothing → Анна")
    assert "        5  visitor.name" in shown


def test_raw_that_cannot_be_read(local: World) -> None:
    """An event whose `raw` was spoiled is told and left as it is."""
    event, fields = _old()
    local.put((event, fields))
    with sqlite3.connect(local.settings.local_path) as db:
        db.execute("UPDATE events SET raw = 'x'")
    db.close()
    assert "`raw` cannot be read" in run("renormalize", "--all", "--yes").stderr


def test_a_race(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes meanwhile is read again; what is erased or refused meanwhile is left alone."""
    local.put(_old(), _old(site="long " * 20))
    real, races = SqliteLookup.rewrite, iter([False, True])

    def rewrite(self: SqliteLookup, found: Found, event: Event) -> bool:
        return next(races, True) and real(self, found, event)

    monkeypatch.setattr(SqliteLookup, "rewrite", rewrite)
    assert "2 events written" in run("renormalize", "--all", "--yes").stderr
    monkeypatch.setattr(SqliteLookup, "rewrite", lambda *_: False)
    assert "0 events written" in run("renormalize", "--all", "--yes").stderr
    monkeypatch.setattr(SqliteLookup, "get", lambda *_: None)
    assert "0 events written" in run("renormalize", "--all", "--yes").stderr

    def refuse(*_: object) -> bool:
        raise Rejected("too big")

    monkeypatch.setattr(SqliteLookup, "rewrite", refuse)
    assert "too big; left as it is" in run("renormalize", "--all", "--yes").stderr


def test_long_values_are_cut(local: World) -> None:
    """A long value is shown by its beginning."""
    event, fields = an_event(name="я" * 100)
    bare = msgspec.structs.replace(event.visitor, name=None)
    local.put((msgspec.structs.replace(event, visitor=bare), fields))
    shown = run("renormalize", "--all", "--dry-run").stdout
    assert "я" * 60 + "…" in shown
    assert "я" * 61 not in shown


def test_erase(world: World, apart: Path) -> None:
    """A person's events are shown, then erased; the audit's line has nothing of the person."""
    one, two = an_event(phone="8 (900) 000-00-01"), an_event(seconds=1, phone="79000000001")
    other = an_event(seconds=2)
    world.put(one, two, other)
    result = run("erase", "--phone", "+7 900 000 00 01", text="y\n")
    assert one[0].id in result.stdout
    assert "Erase these 2 events in" in result.stderr
    assert "What it cannot reach" in result.stderr
    assert [other[0].id] == [line.split()[-1] for line in run("events").stdout.splitlines()]
    text = (apart / "envybox-erasures.jsonl").read_text()
    told = json.loads(text)
    assert ("phone", 2) == (told["by"], told["events"])
    assert "9000000001" not in text
    assert not any(event.id in text for event, _ in (one, two))
    assert "No event." in run("erase", "--phone", "+79000000001").stderr


def test_erase_messages(local: World) -> None:
    """On the embedded backend what was published goes with the event."""
    event, fields = an_event()
    local.put((event, fields))

    async def publish(_store: Any, publisher: Any) -> None:
        for event_id in (event.id, "other"):
            message = Message(data=b"Anna", attributes={"event_id": event_id})
            await publisher.publish("envybox-call-result", message, timeout=5)

    local.run(publish)
    run("erase", "--visitor", "662654972", "--yes")
    with sqlite3.connect(local.settings.local_path) as db:
        assert [('{"event_id":"other"}',)] == db.execute(
            "SELECT attributes FROM messages"
        ).fetchall()
    db.close()


def test_erase_what_comes_meanwhile(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while it runs is told: it has to be run again."""
    local.put(an_event(email="anna@example.com"))
    monkeypatch.setattr(SqliteLookup, "erase", lambda *_: False)
    result = run("erase", "--email", "anna@example.com", "--yes", status=1)
    assert "1 more came meanwhile" in result.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("--phone", ""), ("--phone", "1", "--email", "a"), ("--visitor", "")]
)
def test_erase_whom(local: World, arguments: tuple[str, ...]) -> None:
    """One value is needed, and one that is not empty."""
    local.put(an_event())
    assert "Example: envybox erase" in run("erase", *arguments, status=2).stderr


def test_erase_is_asked_for(local: World) -> None:
    """Nothing is erased without a yes."""
    local.put(an_event())
    run("erase", "--visitor", "662654972", text="\n", status=1)
    assert 1 == len(run("events").stdout.splitlines())


def test_pending(world: World) -> None:
    """What is pending is shown, the oldest first, and whether it is late."""
    world.put(an_event())
    assert "Nothing is pending." in run("pending").stderr
    seconds = (datetime.now(UTC) - NOW).total_seconds()
    fresh, late = an_event(seconds=seconds), an_event(seconds=1)
    world.put(fresh, published=False)
    result = run("pending", "--json")
    assert fresh[0].id == json.loads(result.stdout)["id"]
    assert "1 pending" in result.stderr
    world.put(late, published=False)
    result = run("pending", status=1)
    assert [late[0].id, fresh[0].id] == [line.split()[-2] for line in result.stdout.splitlines()]
    assert "2 to envybox-call-result; 0 were tried and failed" in result.stderr
    assert "`recover` is late" in result.stderr
