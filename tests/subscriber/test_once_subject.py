from __future__ import annotations

import pytest

from envybox import (
    InProgress,
    Once,
    Turn,
)
from envybox.subscriber import once as once_module
from envybox.subscriber.keepers import Keeper
from envybox.testing import sample
from tests.subscriber.acting import (
    INFO,
    STARTED,
    during,
    killed,
    replayed,
)

# What an event is about.


def test_subject(keeper: Keeper) -> None:
    """Each event of a call has its turn once, and finds what the one before it left."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED) as turn:
        assert (False, None) == (turn.done, turn.result)
        turn.result = {"lead": 342}
    with once.subject(INFO) as turn:
        assert (False, False, {"lead": 342}) == (turn.done, turn.repeats, turn.result)
    for event in (STARTED, INFO):
        with once.subject(event) as turn:
            assert (True, {"lead": 342}) == (turn.done, turn.result)
    with once.subject(replayed(STARTED, "may", again=True)) as turn:
        assert (False, {"lead": 342}) == (turn.done, turn.result)


def test_subject_is_locked(keeper: Keeper) -> None:
    """While one event of a call has its turn, the others wait; those of another call do not."""
    once = Once(keeper, name="crm")
    other = sample("call.info", call={"id": "9000009"})
    with once.subject(STARTED):
        with pytest.raises(InProgress):
            once.subject(INFO).__enter__()
        with once.subject(other) as turn:
            assert not turn.done


def test_subject_of_ones_own(keeper: Keeper) -> None:
    """With a key of one's own, events of several calls share a turn, a lock and a result."""
    once = Once(keeper, name="crm")
    other = sample("call.info", call={"id": "9000009"})
    phone = "+79000000000"
    with once.subject(INFO, key=phone) as turn:
        assert (False, None) == (turn.done, turn.result)
        with pytest.raises(InProgress):
            once.subject(other, key=phone).__enter__()
        turn.result = "lead"
    with once.subject(other, key=phone) as turn:
        assert (False, "lead") == (turn.done, turn.result)
    with once.subject(INFO, key=phone) as turn:
        assert (True, "lead") == (turn.done, turn.result)


@pytest.mark.parametrize("key", [None, ""])
def test_subject_where_ones_own_is_missing(keeper: Keeper, key: str | None) -> None:
    """Without the key, such as a phone that was not said, it is what the event is about."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED, key=key) as turn:
        turn.result = "lead"
    with once.subject(INFO) as turn:
        assert (False, "lead") == (turn.done, turn.result)


def test_subject_of_a_run_that_fails(keeper: Keeper) -> None:
    """A run that fails leaves what was there before it."""
    once = Once(keeper, name="crm")
    with once.subject(STARTED) as turn:
        turn.result = "lead"

    def fail(turn: Turn) -> None:
        turn.result = "wrong"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        during(once.subject(INFO), fail)
    with once.subject(INFO) as turn:
        assert (False, False, "lead") == (turn.done, turn.repeats, turn.result)


def test_subject_in_doubt(keeper: Keeper) -> None:
    """After a run that never ended, events of the call are told so, until it is done itself."""
    once = Once(keeper, name="test")
    result = sample("call.result", call={"id": "9000001"})
    killed(keeper, STARTED, subject=True)
    for event, repeats in ((INFO, True), (STARTED, True), (result, False)):
        with once.subject(event) as turn:
            assert (False, repeats) == (turn.done, turn.repeats)


def test_no_subject(keeper: Keeper) -> None:
    """An event that is about nothing is its own subject."""
    once = Once(keeper, name="crm")
    event = sample("lead.video", visitor={"id": None})
    for done in (False, True):
        with once.subject(event) as turn:
            assert done == turn.done


def test_much_about_one(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one subject the latest events are remembered, no more than there is room for."""
    monkeypatch.setattr(once_module, "MOST_DONE", 3)
    once = Once(keeper, name="crm")
    events = [sample("call.info", extra={"n": str(n)}) for n in range(5)]
    for event in events:
        with once.subject(event) as turn:
            assert not turn.done
    dones = []
    for event in events[2:]:
        with once.subject(event) as turn:
            dones.append(turn.done)
    assert [True] * 3 == dones
    with once.subject(events[0]) as turn:
        assert not turn.done
