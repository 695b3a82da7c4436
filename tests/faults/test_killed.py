"""The functions killed (SIGKILL) at each step, and at random under load."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import grpc
import pytest

from tests.faults.function import Function
from tests.faults.gate import Fault, Gate, When, until
from tests.faults.promise import Figures, Sent, webhook
from tests.faults.world import World

pytestmark = pytest.mark.emulator

Tell = Callable[[str, str, Figures], None]

KILLS = int(os.environ.get("ENVYBOX_TEST_KILLS", "6"))
"""How often the function is killed under load; set it higher for a long run."""

STEPS: dict[str, tuple[str, str, When, int]] = {
    "before the store has it": ("store", "BatchWrite", "before", 0),
    "stored, not told so": ("store", "BatchWrite", "after", 0),
    "before it is published": ("topics", "Publish", "before", 0),
    "published, not told so": ("topics", "Publish", "after", 0),
    "before the mark": ("store", "BatchWrite", "before", 1),
    "after the mark": ("store", "BatchWrite", "after", 1),
}


def kill_at(world: World, target: str, name: str, sent: Sent) -> Fault:
    """Kill a function when its call for a webhook arrives, which then is lost, or was done."""
    backend, method, when, skip = STEPS[name]
    function: Function = getattr(world, target)
    gate: Gate = getattr(world, backend).gate
    event_id = sent.event_id.encode()
    return gate.add(
        Fault(
            method=method,
            when=when,
            skip=skip,
            times=1,
            only=lambda request: event_id in request,
            action=function.kill,
            status=grpc.StatusCode.UNAVAILABLE,
        )
    )


@pytest.mark.parametrize("name", STEPS)
def test_a_webhook_survives_a_kill_at_any_step(world: World, tell: Tell, name: str) -> None:
    """The function dies at a step: what is stored gets published, and a retry is no second."""
    sent = webhook()
    fault = kill_at(world, "webhook", name, sent)
    world.post(sent)
    until(lambda: fault.struck, 5, "the step")
    world.heal()
    world.webhook.restart()
    world.settle([sent])  # without a retry first: nobody need send again what is stored
    seen = world.look()
    stored = name != "before the store has it"
    assert (stored, stored) == (seen.documents[sent.marker] == 1, sent.marker in seen.messages)
    assert world.post(sent).acknowledged
    tell("killed", name, world.settle([sent]))


@pytest.mark.parametrize("name", STEPS)
def test_the_drained_spool_survives_a_kill_of_recover_at_any_step(
    world: World, tell: Tell, name: str
) -> None:
    """`recover` dies while it takes a spooled webhook: the message comes again, one event."""
    refused = world.store.gate.add(Fault(method="BatchWrite", status=grpc.StatusCode.UNAVAILABLE))
    sent = webhook()
    assert "spooled" == world.post(sent).body["status"]
    fault = kill_at(world, "recover", name, sent)
    refused.times = 0
    until(lambda: fault.struck, 30, "the step")
    world.heal()
    world.recover.restart()
    tell("killed", f"recover, draining: {name}", world.settle([sent]))


def test_recover_killed_in_mid_run_leaves_nothing_behind(world: World, tell: Tell) -> None:
    """`recover` dies while it publishes a backlog: the next run finishes it."""
    world.topics.gate.add(Fault(status=grpc.StatusCode.UNAVAILABLE))
    sent = world.senders(4).run([webhook() for _ in range(30)])
    world.heal()
    fault = world.topics.gate.add(
        Fault("Publish", "after", skip=7, times=1, action=world.recover.kill)
    )
    world.run_recover()
    until(lambda: fault.struck, 5, "the step")
    world.recover.restart()
    tell("killed", "recover, in mid-run", world.settle(sent))


def test_killed_under_load_again_and_again(world: World, tell: Tell) -> None:
    """Killed at random moments under eight parallel clients, nothing acknowledged is lost."""

    def kill_and_kill() -> None:
        for _ in range(KILLS):
            time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 # at any moment, on purpose
            world.webhook.restart()

    sent = world.senders(8).during(kill_and_kill)
    assert sum(one.acknowledged for one in sent) > KILLS
    tell("killed", f"at random under load, {KILLS} times", world.settle(sent))


def test_killed_under_load_while_backends_come_and_go(world: World, tell: Tell) -> None:
    """Kills and outages of both backends at random, together, under load."""
    strikes: list[Callable[[], object]] = [
        world.store.wire.refuse,
        world.topics.wire.refuse,
        world.store.wire.hang,
        world.topics.wire.hang,
        world.store.wire.reset,
        world.topics.wire.reset,
        lambda: world.store.gate.add(Fault(when="after", status=grpc.StatusCode.UNAVAILABLE)),
        lambda: world.topics.gate.add(Fault(when="after", status=grpc.StatusCode.UNAVAILABLE)),
    ]
    random.shuffle(strikes)

    def havoc() -> None:
        for strike in strikes:
            strike()
            time.sleep(random.uniform(0.1, 0.8))  # noqa: S311 # at any moment, on purpose
            if random.random() < 0.5:  # noqa: S311
                world.webhook.restart()
            world.heal()

    sent: list[Sent] = world.senders(6).during(havoc)
    tell("killed", "at random, with outages of both", world.settle(sent))
