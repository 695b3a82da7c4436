from __future__ import annotations

import json

import msgspec
import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Rejected, Unavailable
from envybox.event import Event
from envybox.ports.publish import Message
from envybox.ports.store import Stored
from tests.receiver.recovering import CALL_TOPIC, DOWN, World, published, spooled


def test_drain(world: World) -> None:
    """A spooled webhook is stored as of when it was received, published and marked."""
    webhook, message = spooled()
    drained = world.drain(message)
    assert "published" == drained.status
    assert drained.spool_age_seconds is not None
    assert 10 <= drained.spool_age_seconds < 60
    assert [webhook.received_at] == [event.received_at for event in world.store.events.values()]
    assert [drained.id] == published(world, CALL_TOPIC)
    assert [True] == [event.published for event in world.store.events.values()]


def test_drain_again(world: World) -> None:
    """A spool message that comes again does nothing again."""
    _, message = spooled()
    assert ["published", "duplicate"] == [world.drain(message).status for _ in range(2)]
    assert 1 == len(published(world, CALL_TOPIC))


def test_drain_of_what_another_left_pending(world: World) -> None:
    """A repeat of what is stored and pending has it published, and is a duplicate."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    statuses = [world.drain(spooled(age=age)[1]).status for age in (20, 10)]
    assert ["stored", "duplicate"] == statuses
    assert 1 == len(published(world, CALL_TOPIC))


def test_drain_without_publisher(world: World) -> None:
    """A spooled webhook that cannot be published is stored all the same."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    assert "stored" == world.drain(spooled()[1]).status


def test_drain_without_store(world: World) -> None:
    """While the store is down a spooled webhook has to come again."""
    world.store.faults["create"] = DOWN[:1]
    with pytest.raises(Unavailable):
        world.drain(spooled()[1])


@pytest.mark.parametrize("poison", [b"", b"junk", b"[]", b'{"spool_version": 2}'])
def test_poison(world: World, poison: bytes) -> None:
    """What can never be taken goes to the dead letters with its data and a reason."""
    drained = world.drain(Message(data=poison, attributes={"a": "b"}))
    assert "dead_lettered" == drained.status
    (dead,) = world.publisher.messages["envybox-spool-dead"]
    assert (poison, "b") == (dead.data, dead.attributes["a"])
    assert dead.attributes["reason"]


def test_rejected(world: World) -> None:
    """What the store can never take goes to the dead letters too."""
    world.store.faults["create"] = [Rejected("INVALID_ARGUMENT")]
    _, message = spooled()
    drained = world.drain(message)
    assert ("dead_lettered", "INVALID_ARGUMENT") == (drained.status, drained.reason)
    assert [message.data] == [dead.data for dead in world.publisher.messages["envybox-spool-dead"]]


@pytest.mark.parametrize(
    "error",
    [InvalidCall("INVALID_ARGUMENT"), NotFound("NOT_FOUND"), CallRefused("PERMISSION_DENIED")],
)
def test_refused_for_all(world: World, error: Unavailable) -> None:
    """What any webhook would be refused for is an outage: the message comes again, unburied."""
    world.store.faults["create"] = [error]
    _, message = spooled()
    with pytest.raises(Unavailable):
        world.drain(message)
    assert {} == world.publisher.messages
    assert "published" == world.drain(message).status


def test_drain_of_what_is_stored_and_pending(world: World) -> None:
    """A spool message whose webhook was stored by an earlier try of its own is published now."""
    world.publisher.faults[CALL_TOPIC] = DOWN[:1]
    _, message = spooled()
    statuses = [world.drain(message).status for _ in range(3)]
    assert ["stored", "published", "duplicate"] == statuses


def test_poison_without_publisher(world: World) -> None:
    """While the dead letters cannot be published the message has to come again."""
    world.publisher.faults["envybox-spool-dead"] = DOWN[:1]
    with pytest.raises(Unavailable):
        world.drain(Message(data=b"junk", attributes={}))


def test_a_document_that_was_spoiled(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """An event whose `raw` cannot be read fails alone, and the log names it."""
    world.leave_pending(3)
    spoiled = next(iter(world.store.events))
    stored = world.store.events[spoiled]
    world.store.events[spoiled] = msgspec.structs.replace(stored, raw="changed by hand")
    report = world.run()
    assert (2, 1, 1) == (report.published, report.failed, report.pending)
    assert spoiled == json.loads(capsys.readouterr().out)["event_id"]


def test_a_defect(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event that meets a defect fails alone, and the log tells where, never its values."""
    world.leave_pending(3)
    spoiled = next(iter(world.store.events))
    event_of = world.admission.event_of

    def defective(stored: Stored) -> Event:
        if stored.id == spoiled:
            raise KeyError("a visitor's name")
        return event_of(stored)

    monkeypatch.setattr(world.admission, "event_of", defective)
    report = world.run()
    assert (2, 1, 1) == (report.published, report.failed, report.pending)
    line = capsys.readouterr().out
    assert (spoiled, "KeyError") == (json.loads(line)["event_id"], json.loads(line)["error"])
    assert "a visitor's name" not in line
