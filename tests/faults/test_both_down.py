"""Both backends down at once, and the circuit breaker."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from tests.faults.gate import Backend, Fault, until
from tests.faults.promise import LONGEST_SECONDS, Figures, webhook
from tests.faults.world import World, in_parallel

pytestmark = pytest.mark.emulator

Tell = Callable[[str, str, Figures], None]

DOWN: dict[str, Callable[[Backend], object]] = {
    "refuse": lambda backend: backend.wire.refuse(),
    "hang": lambda backend: backend.wire.hang(),
    "UNAVAILABLE": lambda backend: backend.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE)),
}


@pytest.mark.parametrize("name", DOWN)
def test_both_down_is_503_in_time_and_service_when_either_is_back(
    world: World, tell: Tell, name: str
) -> None:
    """Neither backend takes it: 503 with Retry-After within 3 s; then either one will do."""
    DOWN[name](world.store)
    DOWN[name](world.topics)
    refused = world.senders(4).run([webhook() for _ in range(8)])
    for one in refused:
        (answer,) = one.answers
        assert (503, "30", {"error": "unavailable"}) == (
            answer.status,
            answer.headers["retry-after"],
            answer.body,
        )
        assert answer.seconds <= LONGEST_SECONDS
    world.topics.heal()
    spooled = webhook()
    until(lambda: world.post(spooled).acknowledged, 2.5, "service with Pub/Sub alone")
    DOWN[name](world.topics)
    world.store.heal()
    stored = webhook()
    until(lambda: world.post(stored).acknowledged, 5, "service with Firestore alone")
    assert "spooled" == spooled.answers[-1].body["status"]
    assert stored.answers[-1].body["status"] in ("stored", "duplicate")
    world.heal()
    for one in refused:  # the sender comes again
        until(lambda one=one: world.post(one).acknowledged, 5, "service")
    tell("both", f"{name}; back one by one", world.settle([*refused, spooled, stored]))


def test_a_hung_firestore_is_waited_for_by_the_first_requests_alone(world: World) -> None:
    """A hung Firestore costs the first three requests its time limit, later ones next to none."""
    world.store.wire.hang()
    first = [webhook() for _ in range(3)]
    waited = [world.post(one).seconds for one in first]
    later = [webhook() for _ in range(12)]
    in_parallel([lambda one=one: world.post(one) for one in later])
    assert {"spooled"} == {one.answers[0].body["status"] for one in first + later}
    quick = [one for one in later if one.answers[0].seconds < min(waited) / 2]
    # One may be let through, to see whether Firestore is back.
    assert len(quick) >= len(later) - 1
    world.settle([*first, *later])


def test_a_hung_pubsub_is_waited_for_by_the_first_requests_alone(world: World) -> None:
    """A hung Pub/Sub costs the first three requests its time limit, later ones next to none."""
    world.topics.wire.hang()
    first = [webhook() for _ in range(3)]
    waited = [world.post(one).seconds for one in first]
    later = [webhook() for _ in range(12)]
    in_parallel([lambda one=one: world.post(one) for one in later])
    assert {"stored"} == {one.answers[0].body["status"] for one in first + later}
    quick = [one for one in later if one.answers[0].seconds < min(waited) / 2]
    assert len(quick) >= len(later) - 1
    world.settle([*first, *later])


def test_a_missing_topic_is_no_reason_to_keep_the_other_types_waiting(world: World) -> None:
    """One type's topic is gone: webhooks of other types are published at once all the same."""
    world.delete_topic("chat-online")
    try:
        orphans = [webhook("12") for _ in range(6)]
        assert {"stored"} == {world.post(one).body["status"] for one in orphans}
        assert "published" == world.post(webhook("1")).body["status"]
    finally:
        world.create_topic("chat-online")
    world.settle(orphans)


def test_a_slow_firestore_leaves_the_spool_its_time(world: World) -> None:
    """What takes Firestore call after call, each nearly too slow, goes to the spool in time."""
    # With no window every repeat is an event of its own, which takes four calls to find out.
    function = world.another("webhook", {"ENVYBOX_DEDUP_HOURS": "0"})
    try:
        one = webhook("12")
        one.answers.append(function.post(one.fields))
        until(lambda: not world.look().pending, 5, "the mark")
        world.store.gate.add(Fault(seconds=1.2))
        repeat = function.post(one.fields)
        assert "spooled" == repeat.body.get("status")
        assert repeat.seconds <= LONGEST_SECONDS
        world.heal()
    finally:
        function.kill()
