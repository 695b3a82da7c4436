from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions

from envybox.errors import Unavailable
from envybox.operator import subscriptions
from envybox.operator.subscriptions import Subscriptions
from tests.operator.support import run
from tests.operator.worlds import World, an_event

_SOURCE = "CloudPubSubDeadLetterSourceSubscription"
_COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"


def _make(world: World, *subscriptions: tuple[str, str]) -> None:
    """Make subscriptions, and their topics where they are missing."""
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    project = f"projects/{world.settings.project}"
    with pubsub_v1.SubscriberClient() as client:
        publisher = pubsub_v1.PublisherClient()
        for name, topic in subscriptions:
            path = f"{project}/topics/{topic}"
            with contextlib.suppress(exceptions.AlreadyExists):
                publisher.create_topic(name=path)
            client.create_subscription(name=f"{project}/subscriptions/{name}", topic=path)


def _publish(world: World, topic: str, data: bytes, **attributes: str) -> None:
    from envybox.ports.publish import Message

    async def work(_store: Any, publisher: Any) -> None:
        await publisher.publish(topic, Message(data=data, attributes=attributes), timeout=10)

    world.run(work)


def _waiting(world: World, name: str) -> list[Any]:
    with Subscriptions(world.settings.project).taken(name, 100) as received:
        return received


@pytest.fixture
def letters(emulated: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A dead letter of the subscription `envybox-telegram`, which is one to call results."""
    monkeypatch.setattr(subscriptions, "PULL_SECONDS", 1.0)  # each that finds none waits so long
    _make(
        emulated,
        ("envybox-telegram", "envybox-call-result"),
        ("envybox-telegram-dead", "envybox-telegram-dead"),
        ("envybox-spool", "envybox-spool"),
        ("envybox-spool-dead", "envybox-spool-dead"),
    )
    event, _ = an_event()
    _publish(
        emulated,
        "envybox-telegram-dead",
        b"data",
        event_id=event.id,
        type="call.result",
        **{_SOURCE: "envybox-telegram", _COUNT: "5"},
    )
    return emulated


pytestmark = pytest.mark.emulator


def test_where_there_are_any(letters: World) -> None:
    """Each subscription for dead letters is told with how many wait in it; they stay."""
    assert letters.settings.project
    for _ in range(2):
        lines = run("dead").stdout.splitlines()
        assert ["0", "envybox-spool-dead", "1", "envybox-telegram-dead"] == " ".join(lines).split()
    assert "1 or more" in run("dead", "--limit", "1").stdout


def test_of_a_subscription(letters: World, tmp_path: Path) -> None:
    """A dead letter is shown with why it is dead, and saved whole."""
    file = tmp_path / "letters.jsonl"
    result = run("dead", "envybox-telegram-dead", "--save", str(file))
    assert "call.result" in result.stdout
    assert "envybox-telegram did not take it 5 times" in result.stdout
    [saved] = [json.loads(line) for line in file.read_text().splitlines()]
    assert b"data" == base64.b64decode(saved["data"])
    assert "call.result" == saved["attributes"]["type"]
    assert "No dead letter." in run("dead", "envybox-spool-dead").stderr
    assert 1 == len(_waiting(letters, "envybox-telegram-dead"))


def test_retry(letters: World) -> None:
    """After a question a dead letter is published to its topic again, marked, and taken out."""
    run("dead", "envybox-telegram-dead", "--retry", text="\n", status=1)
    result = run("dead", "envybox-telegram-dead", "--retry", text="y\n")
    assert "Publish 1 again to envybox-call-result (envybox-telegram)?" in result.stderr
    [received] = _waiting(letters, "envybox-telegram")
    attributes = dict(received.message.attributes)
    assert b"data" == received.message.data
    assert attributes.pop("replay").startswith("dead-")
    assert {"event_id", "type"} == set(attributes)
    assert [] == _waiting(letters, "envybox-telegram-dead")


def test_retry_of_the_spool(letters: World) -> None:
    """What could not be spooled goes back to the spool, as it was."""
    _publish(letters, "envybox-spool-dead", b"{}", account="shop", reason="odd \x1b")
    result = run("dead", "envybox-spool-dead", "--retry", "--yes")
    assert "odd ␛" in result.stdout
    [received] = _waiting(letters, "envybox-spool")
    assert {"account": "shop"} == dict(received.message.attributes)


def test_what_cannot_be_sent_again(letters: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter whose topic is not known stays; so does one that is not published."""
    _publish(letters, "envybox-telegram-dead", b"x", event_id="e")
    result = run("dead", "envybox-telegram-dead", "--retry", "--yes", status=1)
    assert "e: its topic is not known; left." in result.stderr
    assert 1 == len(_waiting(letters, "envybox-telegram-dead"))
    _publish(letters, "envybox-telegram-dead", b"y", **{_SOURCE: "envybox-telegram"})
    monkeypatch.setattr(
        "envybox.operator.pubsub.PubSubOutlet.publish", lambda _, messages: ["down"] * len(messages)
    )
    result = run("dead", "envybox-telegram-dead", "--retry", "--yes", status=1)
    assert "not published: down" in result.stderr
    assert 2 == len(_waiting(letters, "envybox-telegram-dead"))


def test_no_subscription(letters: World) -> None:
    """A subscription that is not there is told with an example."""
    assert letters.settings.project
    assert "Example: envybox dead" in run("dead", "no-such", status=2).stderr


def test_trouble(letters: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Pub/Sub refuses is told; a deadline that is not extended is no trouble."""
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    def late(*_: object, **__: object) -> None:
        raise exceptions.DeadlineExceeded("slow")

    monkeypatch.setattr(pubsub_v1.SubscriberClient, "modify_ack_deadline", late)
    assert 1 == len(_waiting(letters, "envybox-telegram-dead"))
    monkeypatch.setattr(pubsub_v1.SubscriberClient, "pull", late)
    assert [] == _waiting(letters, "envybox-telegram-dead")

    def refuse(*_: object, **__: object) -> None:
        raise exceptions.PermissionDenied("no")

    monkeypatch.setattr(pubsub_v1.SubscriberClient, "pull", refuse)
    with pytest.raises(Unavailable, match="refuses you"):
        _waiting(letters, "envybox-telegram-dead")


def test_embedded(local: World) -> None:
    """The embedded backend has none."""
    assert local.is_local
    assert "has no dead letters" in run("dead").stderr
