from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from docs.generate.examples import document, events
from envybox import read_event
from envybox.event import encode
from envybox.receiver import message
from envybox.testing import push, sample
from envybox.tools import push as tools_push
from envybox.tools.push import Dispatcher, Push
from envybox.types import TYPES
from tests.local.support import opened, query
from tests.tools.support import eventually

EXAMPLES = Path(__file__).parents[2] / "envybox" / "examples.json"


def test_examples_are_true() -> None:
    """The samples are what becomes of the webhooks that `make run` sends itself."""
    assert document() == EXAMPLES.read_text("utf-8"), "run: make docs"


@pytest.mark.parametrize("type_", [row.type for row in TYPES if row.webhooktype])
def test_a_sample_of_each_type(type_: str) -> None:
    """There is a lifelike event of each type, always the same."""
    assert events()[type_] == sample(type_) == sample(type_)


def test_changes() -> None:
    """Changes go over what the sample has, within its parts too; the rest stays."""
    event = sample("call.info", call={"state": "operator_busy"}, account="second", custom_data={})

    assert event.call is not None
    assert ("operator_busy", "9000001", "second", {}) == (
        event.call.state,
        event.call.id,
        event.account,
        event.custom_data,
    )
    assert sample("call.info").visitor == event.visitor
    assert sample("lead.quiz", custom_data={"a": 1}).custom_data == {"a": 1}
    assert sample("call.info", chat={"id": "7"}).chat is not None
    assert sample("call.info", call=None).call is None


def test_ids() -> None:
    """A changed sample has an id of its own, the same for the same changes, or the one given."""
    first, second = sample(extra={"n": "1"}), sample(extra={"n": "2"})

    assert 3 == len({first.id, second.id, sample().id})
    assert first == sample(extra={"n": "1"})
    assert "0" * 32 == sample(id="0" * 32).id


def test_what_is_no_sample() -> None:
    """A type that has no sample, and a change that makes no event, are told."""
    with pytest.raises(ValueError, match=r"no sample of 'call'; there are call.started, call.info"):
        sample("call")
    with pytest.raises(msgspec.ValidationError, match="duration_seconds"):
        sample("call.info", call={"duration_seconds": -1})


def test_push_says_what_the_receiver_publishes() -> None:
    """A push has the message that the receiver publishes of the event."""
    event = sample("call.info")
    published = message.of_event(event)
    body = json.loads(push(event, message_id="17", subscription="projects/p/subscriptions/s").body)

    assert {"message", "subscription"} == set(body)
    assert "projects/p/subscriptions/s" == body["subscription"]
    inner = body["message"]
    assert (published.attributes, published.ordering_key) == (
        inner["attributes"],
        inner["orderingKey"],
    )
    assert ("17", "17", "2026-11-20T07:37:51.345678Z") == (
        inner["messageId"],
        inner["message_id"],
        inner["publishTime"],
    )


def test_push_without_the_wrapper() -> None:
    """Without the wrapper the body is the event, and the headers say the rest."""
    event = sample("call.info")
    request = push(event, wrap=False)

    assert encode(event) == request.body
    assert message.of_event(event).attributes.items() <= request.headers.items()
    assert ("1", "9000001", "application/json") == (
        request.headers["x-goog-pubsub-message-id"],
        request.headers["x-goog-pubsub-ordering-key"],
        request.headers["content-type"],
    )


def test_push_of_what_has_no_order() -> None:
    """An event that is about nothing has no ordering key, in neither kind of push."""
    event = sample("lead.video", visitor={"id": None})
    assert "orderingKey" not in json.loads(push(event).body)["message"]
    assert "x-goog-pubsub-ordering-key" not in push(event, wrap=False).headers


def test_push_of_a_replay() -> None:
    """A push may be of a replay, one that is to be done again, and of a later delivery."""
    replayed = read_event(push(sample(), replay="may").body)
    again = read_event(push(sample(), replay="may", again=True, attempt=4).body)

    assert ("may", False, None) == (
        replayed.replay,
        replayed.replay_again,
        replayed.delivery.attempt,
    )
    assert ("may", True, 4) == (again.replay, again.replay_again, again.delivery.attempt)


def test_the_same_bytes_as_make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make run PUSH=…` posts of an event, and what `push` gives, are the same bytes."""
    event, path = sample("call.info"), tmp_path / "envybox.db"
    posted: list[bytes] = []
    monkeypatch.setattr(tools_push, "post", lambda _, body: posted.append(body) or "")
    dispatcher = Dispatcher(str(path), Push("envybox-call-info", "http://unused"), "test", print)

    async def publish() -> None:
        async with opened(path) as backend:
            await backend.publish("envybox-call-info", message.of_event(event), timeout=10)

    try:
        asyncio.run(publish())
        eventually(lambda: bool(posted), "a push")
    finally:
        dispatcher.stop()
    ((message_id, publish_time),) = query(path, "SELECT message_id, published_at FROM messages")
    assert push(event, message_id=message_id, publish_time=publish_time).body == posted[0]
