"""Instances that know different keys, in the middle of a rotation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.function import Function
from tests.faults.promise import Sent, webhook
from tests.faults.world import World

pytestmark = pytest.mark.emulator

OLD = "aaaabbbbccccddddaaaabbbbccccdddd"
NEW = "11112222333344441111222233334444"


@pytest.fixture
def instances(world: World, tmp_path: Path) -> Iterator[tuple[Function, Function]]:
    """Return an instance that knows the old key alone, and one that has both from the file."""
    file = tmp_path / "keys"
    environ = {"ENVYBOX_KEYS": "", "ENVYBOX_KEYS_FILE": str(file)}
    file.write_text(f"shop={OLD}\n")
    stale = world.another("webhook", environ)
    file.write_text(f"shop={NEW}\nshop={OLD}\n")
    fresh = world.another("webhook", environ)
    yield stale, fresh
    stale.kill()
    fresh.kill()


def with_key(sent: Sent, key: str) -> dict[str, str]:
    """Return a webhook's fields with a key, which also stands in the page's address."""
    return {**sent.fields, "key": key, "url": f"https://example.com/?key={key}"}


def test_both_keys_of_an_account_bring_one_event(
    world: World, instances: tuple[Function, Function]
) -> None:
    """The same webhook with the old key to one and the new key to the other is one event."""
    stale, fresh = instances
    sent = webhook()
    sent.answers += [stale.post(with_key(sent, OLD)), fresh.post(with_key(sent, OLD))]
    sent.answers += [fresh.post(with_key(sent, NEW))]
    assert [200, 200, 200] == [answer.status for answer in sent.answers]
    assert 1 == len({answer.body["id"] for answer in sent.answers})
    world.settle([sent])


def test_an_instance_that_does_not_know_the_new_key_yet_stores_nothing(
    world: World, instances: tuple[Function, Function]
) -> None:
    """Refused there with 403, and nothing of it kept; the retry that meets the other is taken."""
    stale, fresh = instances
    sent = webhook()
    sent.answers.append(stale.post(with_key(sent, NEW)))
    assert (403, {"error": "invalid_key"}) == (sent.answers[0].status, sent.answers[0].body)
    assert 0 == world.look().documents[sent.marker]
    sent.answers.append(fresh.post(with_key(sent, NEW)))
    assert "published" == sent.answers[1].body["status"]
    world.settle([sent])


def test_no_key_of_a_rotation_is_kept_anywhere(
    world: World, instances: tuple[Function, Function]
) -> None:
    """Neither key is in a document, a message or a line that any instance wrote."""
    stale, fresh = instances
    sent = [webhook("4"), webhook("4"), webhook("4")]
    for one, function, key in zip(sent, (stale, fresh, stale), (OLD, NEW, NEW), strict=True):
        one.answers.append(function.post(with_key(one, key)))
    world.settle(sent)
    kept = [str(world.documents()), *stale.log, *fresh.log, *world.webhook.log, *world.recover.log]
    kept += [data.decode() for data in world.pull("lead-generator").values()]
    text = "\n".join(kept)
    assert sent[0].marker in text
    assert [] == [key for key in (OLD, NEW) if key in text]
