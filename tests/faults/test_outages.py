"""Each kind of fault on each backend, while webhooks come in."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from tests.faults.gate import FOR_EVER, Backend, Fault
from tests.faults.promise import Figures, webhook
from tests.faults.world import World

pytestmark = pytest.mark.emulator

Tell = Callable[[str, str, Figures], None]
Strike = Callable[[Backend], object]


def status(code: grpc.StatusCode) -> Strike:
    """Return the fault that answers every call with a status."""
    return lambda backend: backend.gate.add(Fault(status=code))


def late(seconds: float) -> Strike:
    """Return the fault that every call's answer comes late, its work being done in time."""
    return lambda backend: backend.gate.add(Fault(when="after", seconds=seconds))


def answer_lost(backend: Backend) -> None:
    """Reset all connections when a call took effect and before its answer gets back."""
    backend.gate.add(Fault(when="after", action=backend.wire.reset, times=6))


STRIKES: dict[str, Strike] = {
    "refuses connections": lambda backend: backend.wire.refuse(),
    "hangs, connections too": lambda backend: backend.wire.hang(),
    "takes calls and never answers": lambda backend: backend.gate.add(Fault(seconds=FOR_EVER)),
    "answers after 0.9 s": late(0.9),
    "answers after 2 s, too late": late(2),
    "UNAVAILABLE": status(grpc.StatusCode.UNAVAILABLE),
    "UNAVAILABLE, but done": lambda backend: backend.gate.add(
        Fault(when="after", status=grpc.StatusCode.UNAVAILABLE)
    ),
    "RESOURCE_EXHAUSTED": status(grpc.StatusCode.RESOURCE_EXHAUSTED),
    "DEADLINE_EXCEEDED": status(grpc.StatusCode.DEADLINE_EXCEEDED),
    "ABORTED": status(grpc.StatusCode.ABORTED),
    "PERMISSION_DENIED": status(grpc.StatusCode.PERMISSION_DENIED),
    "INVALID_ARGUMENT": status(grpc.StatusCode.INVALID_ARGUMENT),
    "resets, the call being done": answer_lost,
}


@pytest.mark.parametrize("name", STRIKES)
def test_while_firestore_fails_every_webhook_is_taken_and_none_is_lost(
    world: World, tell: Tell, name: str
) -> None:
    """Firestore fails in some way: all webhooks get a 2xx in time, and the promise is kept."""
    STRIKES[name](world.store)
    sent = world.senders(4).run([webhook() for _ in range(12)])
    assert {200} == {answer.status for one in sent for answer in one.answers}
    tell("Firestore", name, world.settle(sent))


@pytest.mark.parametrize("name", STRIKES)
def test_while_pubsub_fails_every_webhook_is_taken_and_none_is_lost(
    world: World, tell: Tell, name: str
) -> None:
    """Pub/Sub fails in some way: all webhooks get a 2xx in time, and the promise is kept."""
    STRIKES[name](world.topics)
    sent = world.senders(4).run([webhook() for _ in range(12)])
    assert {200} == {answer.status for one in sent for answer in one.answers}
    tell("Pub/Sub", name, world.settle(sent))
