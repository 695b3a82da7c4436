"""The same webhook more than once, in every way there is: one event."""

from __future__ import annotations

import random
from collections.abc import Callable

import grpc
import pytest

from tests.faults.gate import Fault, until
from tests.faults.promise import Figures, Sent, webhook
from tests.faults.world import World, in_parallel

pytestmark = pytest.mark.emulator

Tell = Callable[[str, str, Figures], None]


def shuffled(sent: Sent) -> Sent:
    """Return the same webhook, its fields in another order."""
    fields = list(sent.fields.items())
    random.shuffle(fields)
    return Sent(dict(fields), sent.answers)


@pytest.mark.parametrize("webhooktype", ["1", "12"])
def test_thirty_at_once_are_one_event(world: World, tell: Tell, webhooktype: str) -> None:
    """Thirty parallel copies: one is published, the others are its duplicates."""
    sent = webhook(webhooktype)
    copies = [shuffled(sent) for _ in range(30)]
    in_parallel([lambda copy=copy: world.post(copy) for copy in copies])
    statuses = sorted(answer.body["status"] for answer in sent.answers)
    assert ["duplicate"] * 29 + ["published"] == statuses
    assert 1 == len({answer.body["id"] for answer in sent.answers})
    until(lambda: not world.look().pending, 5, "the mark")  # else `recover` may come first
    figures = world.settle([sent])
    assert 0 == figures.repeated
    tell("none", f"30 copies at once, webhooktype {webhooktype}", figures)


def test_thirty_at_once_on_three_instances_are_one_event(world: World, tell: Tell) -> None:
    """Copies that reach several instances at the same time are stored once."""
    others = [world.another("webhook") for _ in range(2)]
    try:
        functions = [world.webhook, *others]
        sent = webhook()
        calls = [lambda f=function: f.post(sent.fields) for function in functions * 10]
        sent.answers.extend(in_parallel(calls))
        assert {200} == {answer.status for answer in sent.answers}
        tell("none", "30 copies at once to 3 instances", world.settle([sent]))
    finally:
        for function in others:
            function.kill()


@pytest.mark.parametrize("webhooktype", ["1", "12"])
def test_a_repeat_after_a_restart_is_a_duplicate(
    world: World, tell: Tell, webhooktype: str
) -> None:
    """What an instance took, the next one knows."""
    sent = webhook(webhooktype)
    world.post(sent)
    until(lambda: not world.look().pending, 5, "the mark")
    world.webhook.restart()
    assert "duplicate" == world.post(sent).body["status"]
    assert sent.answers[0].body["id"] == sent.answers[1].body["id"]
    figures = world.settle([sent])
    assert 0 == figures.repeated
    tell("none", f"a repeat after a restart, webhooktype {webhooktype}", figures)


@pytest.mark.parametrize("webhooktype", ["1", "12"])
def test_a_retry_and_the_drained_spool_meet_as_one_event(
    world: World, tell: Tell, webhooktype: str
) -> None:
    """Spooled, and sent again when Firestore is back, before and after the drain: one event."""
    outage = Fault(method="BatchWrite", status=grpc.StatusCode.UNAVAILABLE)
    world.store.gate.add(outage)
    sent = [webhook(webhooktype) for _ in range(5)]
    for one in sent:
        assert "spooled" == world.post(one).body["status"]
    world.heal()
    for one in sent:  # while the spool is being drained
        until(lambda one=one: world.post(one).body["status"] != "spooled", 5, "Firestore used")
    world.settle(sent)
    for one in sent:  # after that
        assert "duplicate" == world.post(one).body["status"]
        assert 1 == len({answer.body["id"] for answer in one.answers})
    tell(
        "Firestore",
        f"retries while the spool drains, webhooktype {webhooktype}",
        world.settle(sent),
    )


def test_the_same_webhook_spooled_many_times_is_one_event(world: World, tell: Tell) -> None:
    """Several copies in the spool become one event."""
    world.store.wire.refuse()
    sent = webhook()
    for _ in range(4):
        assert "spooled" == world.post(sent).body["status"]
    tell("Firestore", "four copies in the spool", world.settle([sent]))


def test_a_repeat_of_a_pending_event_publishes_it(world: World, tell: Tell) -> None:
    """Stored while Pub/Sub was down: the sender's retry gets it published, `recover` or not."""
    sent = webhook()
    event_id = sent.event_id.encode()
    world.topics.gate.add(
        Fault(status=grpc.StatusCode.UNAVAILABLE, times=1, only=lambda call: event_id in call)
    )
    assert "stored" == world.post(sent).body["status"]
    assert "duplicate" == world.post(sent).body["status"]
    assert world.look().messages[sent.marker]
    tell("Pub/Sub", "a repeat of a pending event", world.settle([sent]))


def test_repeats_while_recover_publishes_are_one_event(world: World, tell: Tell) -> None:
    """`recover`, twice at once, and the senders' retries at the same time: stored once each."""
    world.topics.wire.refuse()
    sent = world.senders(4).run([webhook() for _ in range(20)])
    world.heal()
    in_parallel(
        [world.run_recover, world.run_recover]
        + [lambda one=one: world.post(one) for one in sent[:10]]
    )
    tell("Pub/Sub", "recover twice at once, with retries", world.settle(sent))


def test_without_a_window_a_form_sent_again_is_a_second_event_at_once(world: World) -> None:
    """`ENVYBOX_DEDUP_HOURS=0`: twice is twice, even while the first waits for its mark."""
    function = world.another("webhook", {"ENVYBOX_DEDUP_HOURS": "0"})
    try:
        sent = webhook("12")
        event_id = sent.event_id.encode()
        world.store.gate.add(
            Fault("BatchWrite", seconds=0.5, skip=1, times=1, only=lambda call: event_id in call)
        )
        answers = [function.post(sent.fields) for _ in range(2)]
    finally:
        function.kill()
    assert ["published", "published"] == [answer.body["status"] for answer in answers]
    assert answers[0].body["id"] != answers[1].body["id"]
