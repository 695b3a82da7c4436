"""`recover`: what holds up nobody, what never comes back, what it reports."""

from __future__ import annotations

import json

import grpc
import pytest

from tests.faults.gate import FOR_EVER, Fault, until
from tests.faults.promise import webhook
from tests.faults.world import World

pytestmark = pytest.mark.emulator


def test_recover_tells_what_it_did_and_what_is_left(world: World) -> None:
    """The report counts what was published, what failed and what is pending, and its age."""
    world.settle([])
    world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    sent = world.senders(3).run([webhook() for _ in range(3)])
    report = world.run_recover().body
    assert {"published": 0, "failed": 3, "pending": 3} == {
        name: report[name] for name in ("published", "failed", "pending")
    }
    assert report["oldest_pending_seconds"] > 0
    world.heal()
    until(world.topics_work, 5, "Pub/Sub reachable")
    report = world.run_recover().body
    assert {"published": 3, "failed": 0, "pending": 0, "oldest_pending_seconds": 0} == report
    world.settle(sent)


def test_a_topic_that_fails_does_not_hold_up_the_others(world: World) -> None:
    """A type whose topic is gone stays pending; all the others are published."""
    world.settle([])
    world.delete_topic("lead-generator")
    world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    orphans = world.senders(4).run([webhook("4") for _ in range(60)])  # more than a page, older
    others = world.senders(4).run([webhook("1") for _ in range(10)])
    world.heal()
    until(world.topics_work, 5, "Pub/Sub reachable")
    try:
        report = world.run_recover().body
    finally:
        world.create_topic("lead-generator")
    assert (10, 60) == (report["published"], report["pending"])
    assert all(world.look().messages.get(one.marker) for one in others)
    world.settle([*orphans, *others])


def test_events_that_are_refused_do_not_hold_up_others_of_their_type(world: World) -> None:
    """Messages that Pub/Sub refuses, always, leave the topic's other events their turn."""
    world.settle([])
    refused = [webhook("4") for _ in range(40)]
    markers = [one.marker.encode() for one in refused]
    world.topics.gate.add(
        Fault(
            method="Publish",
            status=grpc.StatusCode.INVALID_ARGUMENT,
            only=lambda request: any(marker in request for marker in markers),
        )
    )
    outage = world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    world.senders(4).run(refused)
    others = world.senders(4).run([webhook("4") for _ in range(5)])
    outage.times = 0
    until(world.topics_work, 5, "Pub/Sub reachable")
    report = world.run_recover().body
    assert (5, 40, 40) == (report["published"], report["failed"], report["pending"])
    world.settle([*refused, *others])


def test_a_hung_topic_leaves_recover_time_for_the_rest(world: World) -> None:
    """Publishing one type hangs: the others are published in the same run, soon."""
    world.settle([])
    outage = world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    stuck = world.senders(4).run([webhook("12") for _ in range(30)])
    others = world.senders(4).run([webhook("1") for _ in range(5)])
    world.topics.gate.add(
        Fault(method="Publish", seconds=FOR_EVER, only=lambda request: b"chat-online" in request)
    )
    outage.times = 0
    until(world.topics_work, 5, "Pub/Sub reachable")
    answer = world.run_recover()
    assert (5, 30) == (answer.body["published"], answer.body["pending"])
    world.settle([*stuck, *others])


POISON = {
    "not JSON": b"\xff\x00 no webhook",
    "another version": b'{"spool_version":9,"account":"a","received_at":"2026-01-01T00:00:00Z",'
    b'"fields":[]}',
    "fields that are none": b'{"spool_version":1,"account":"a",'
    b'"received_at":"2026-01-01T00:00:00Z","fields":{"a":1}}',
    "a time before all time": b'{"spool_version":1,"account":"a",'
    b'"received_at":"0001-01-01T00:00:00+12:00","fields":[["webhooktype","1"]]}',
    "a time without a zone": b'{"spool_version":1,"account":"a",'
    b'"received_at":"2026-01-01T00:00:00","fields":[["webhooktype","1"]]}',
    "more than Firestore holds": json.dumps(
        {
            "spool_version": 1,
            "account": "a" * 1_100_000,
            "received_at": "2026-01-01T00:00:00Z",
            "fields": [["webhooktype", "1"]],
        }
    ).encode(),
}


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_spool_message_is_buried_once_with_its_data(world: World, name: str) -> None:
    """What can never be taken goes to the dead letters as it was, and does not come back."""
    lines = len(world.recover.log)

    def burials() -> int:
        return sum("dead_lettered" in line for line in world.recover.log[lines:])

    world.publish("spool", POISON[name])
    until(lambda: POISON[name] in world.pull("spool-dead").values(), 10, "a dead letter")
    healthy = webhook()  # what is behind it comes through
    world.store.wire.refuse()
    assert "spooled" == world.post(healthy).body["status"]
    world.settle([healthy])
    assert 1 == burials()
    assert 1 == list(world.pull("spool-dead").values()).count(POISON[name])


@pytest.mark.parametrize(
    "status",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
    ],
)
def test_what_can_be_taken_is_not_buried_however_long_the_outage(
    world: World, status: grpc.StatusCode
) -> None:
    """While Firestore refuses all, the spool's message comes again and is no dead letter."""
    dead = len(world.pull("spool-dead"))
    world.store.gate.add(Fault(status=status))
    sent = webhook()
    world.post(sent)
    lines = len(world.recover.log)
    until(
        lambda: sum('"unavailable"' in line for line in world.recover.log[lines:]) >= 3,
        30,
        "three tries",
    )
    world.settle([sent])
    assert dead == len(world.pull("spool-dead"))


def test_a_request_that_is_neither_is_refused(world: World) -> None:
    """What is no run and no push request is a 400, and touches nothing."""
    for body in (b"[]", b'{"message":1}', b'{"message":{"data":"?"}}', b"nonsense"):
        assert 400 == world.recover.ask("POST", body).status


@pytest.mark.parametrize("raw", ["", "no JSON", '{"deflate+base64":"no"}', '{"a":1}'])
def test_a_document_that_somebody_spoiled_does_not_hold_up_the_others(
    world: World, raw: str
) -> None:
    """A pending document whose `raw` was changed by hand fails alone; the others are published."""
    world.settle([])
    world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    spoiled = webhook()
    others = [webhook() for _ in range(3)]
    event_id = world.post(spoiled).body["id"]
    world.senders(3).run(others)
    world.change(event_id, "raw", {"stringValue": raw})
    world.heal()
    until(world.topics_work, 5, "Pub/Sub reachable")
    try:
        report = world.run_recover()
        assert 200 == report.status
        assert {"published": 3, "failed": 1, "pending": 1} == {
            name: report.body[name] for name in ("published", "failed", "pending")
        }
    finally:
        world.delete(event_id)
    world.settle(others)
