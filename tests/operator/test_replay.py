from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from envybox.operator import engine
from envybox.operator.outlet import open_outlet
from envybox.operator.place import Place
from envybox.testing import push
from tests.operator.support import Server, run, serving
from tests.operator.worlds import World, an_event, ids


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where journals are kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "envybox" / "replays"


def _sent(server: Server) -> list[str]:
    return [json.loads(body)["message"]["attributes"]["event_id"] for body in server.bodies]


def _published(world: World, at_least: int = 0) -> list[dict[str, Any]]:
    """Return what was published: attributes, data and key; waits for `at_least` so many."""
    if world.is_local:
        from tests.local.support import query

        rows = query(
            Path(world.settings.local_path),
            "SELECT attributes, data, ordering_key, topic FROM messages ORDER BY sequence",
        )
        return [
            {"attributes": json.loads(a), "data": d, "key": k, "topic": t} for a, d, k, t in rows
        ]
    return [
        {
            "attributes": dict(one.message.attributes),
            "data": one.message.data,
            "key": one.message.ordering_key,
        }
        for one in _pulled(world, at_least)
    ]


def _subscribe(world: World, name: str = "telegram") -> None:
    """Subscribe to the topic of call results."""
    if world.is_local:
        from envybox.local.subscriptions import Subscription

        Subscription(world.settings.local_path, name, "envybox-call-result").close()
        return
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    project = world.settings.project
    with pubsub_v1.SubscriberClient() as client:
        client.create_subscription(
            request={
                "name": f"projects/{project}/subscriptions/{name}",
                "topic": f"projects/{project}/topics/envybox-call-result",
                "enable_message_ordering": True,
            }
        )


def _pulled(world: World, at_least: int, name: str = "telegram") -> list[Any]:
    from google.api_core.exceptions import DeadlineExceeded
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    path = f"projects/{world.settings.project}/subscriptions/{name}"
    found: list[Any] = []
    deadline = time.monotonic() + 120
    with pubsub_v1.SubscriberClient() as client:
        while True:
            received: list[Any] = []
            with contextlib.suppress(DeadlineExceeded):  # nothing came in time
                answer = client.pull(subscription=path, max_messages=1000, timeout=2)
                received = list(answer.received_messages)
            if not received:
                if len(found) >= at_least or time.monotonic() > deadline:
                    return found
                continue
            found += received
            acks = [one.ack_id for one in received]
            client.acknowledge(subscription=path, ack_ids=acks)


def test_to_one_endpoint(world: World) -> None:
    """Events are posted as a push would bring them, the oldest first; nothing is published."""
    first, second = (an_event(seconds=n) for n in range(2))
    world.put(second, first)
    if not world.is_local:
        _subscribe(world)
    with serving() as server:
        result = run("replay", "--since", "2026-11-01", "--to", server.url, "--name", "r1")
    assert ids([first, second]) == _sent(server)
    expected = json.loads(push(first[0], replay="r1").body)["message"]
    message = json.loads(server.bodies[0])["message"]
    assert expected["attributes"] == message["attributes"]
    assert expected["data"] == message["data"]
    assert "application/json" == server.headers[0]["content-type"]
    assert re.search(r"\[200\] \d+ ms  call.result call 6002540", result.stdout)
    assert "Posted 2." in result.stderr
    assert [] == _published(world)


def test_by_id(world: World) -> None:
    """Events that are named are sent in that order, asked to be done again."""
    first, second = (an_event(seconds=n) for n in range(2))
    world.put(first, second)
    with serving() as server:
        run("replay", second[0].id, first[0].id, "--to", server.url, "--again")
    assert sorted(ids([second, first])) == sorted(_sent(server))
    assert "1" == json.loads(server.bodies[0])["message"]["attributes"]["replay-again"]


def test_publish(world: World) -> None:
    """After a question that names who gets them, events are published as they were, marked."""
    event, fields = an_event()
    world.put((event, fields))
    _subscribe(world)
    result = run("replay", event.id, "--publish", "--name", "r1", text="y\n")
    assert "1 to envybox-call-result: telegram" in result.stderr
    assert "Publish 1 events again in" in result.stderr
    [message] = _published(world, 1)
    assert "r1" == message["attributes"]["replay"]
    assert event.id == message["attributes"]["event_id"]
    assert event.id == json.loads(message["data"])["id"]
    assert "6002540" == message["key"]


def test_no(world: World) -> None:
    """A question that is not answered with yes is a no."""
    world.put(an_event())
    _subscribe(world)
    run("replay", "--type", "call.result", "--publish", text="\n", status=1)
    assert [] == _published(world)


def test_nobody(world: World) -> None:
    """A topic without subscriptions is told to have nobody."""
    world.put(an_event())
    result = run("replay", "--type", "call.result", "--publish", "--yes")
    assert "1 to envybox-call-result: nobody" in result.stderr


def test_pending_is_left_alone(world: World) -> None:
    """What is pending is the receiver's to publish; what was erased is nobody's."""
    world.put(waiting := an_event(seconds=1), published=False)
    world.put(done := an_event(), gone := an_event(seconds=2))
    world.lookup().erase(gone[0].id, gone[0].received_at)
    with serving() as server:
        result = run("replay", waiting[0].id, done[0].id, gone[0].id, "--to", server.url)
    assert ids([done]) == _sent(server)
    assert "2 left alone" in result.stderr


def test_in_order_and_each_once_when_the_endpoint_fails(local: World, state: Path) -> None:
    """A replay that ended at a failure goes on with the one that failed, and then forgets."""
    events = [an_event(seconds=n) for n in range(5)]
    local.put(*events)
    with serving() as server:
        server.each = lambda: setattr(server, "status", 500 if len(server.bodies) == 2 else 200)
        result = run("replay", "--type", "call.result", "--to", server.url, "--name", "r", status=1)
        assert "answered 500" in result.stderr
        assert "Go on with: envybox replay --resume r" in result.stderr
        assert (
            "not finished"
            in run(
                "replay", "--type", "call.result", "--to", server.url, "--name", "r", status=1
            ).stderr
        )
        result = run("replay", "--resume", "r")
        assert "5 events, 2 of them done" in result.stderr
    assert ids(events) == [*_sent(server)[:2], *_sent(server)[3:]]
    assert [] == list(state.iterdir())


def test_nobody_listens(local: World) -> None:
    """An endpoint that is down is told once, not for each event."""
    local.put(an_event(), an_event(call_id="2"))
    result = run("replay", "--type", "call.result", "--to", "http://127.0.0.1:9/", status=1)
    assert 1 == result.stdout.count("[---]")


def test_a_redirect_is_no_delivery(local: World) -> None:
    """As for Pub/Sub, a redirect is a failure."""
    local.put(an_event())
    with serving() as server:
        server.status = 302
        run("replay", "--type", "call.result", "--to", server.url, status=1)
        assert 1 == len(server.bodies)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", "http://localhost/"),
        ("--to", "http://localhost/", "--publish", "--type", "call.result"),
        ("--publish", "--pending"),
        ("0" * 32, "--publish"),
        ("--type", "call.result", "--to", "ftp://localhost/"),
        ("--type", "call.result", "--to", "http://[/"),
    ],
)
def test_wrong_usage(local: World, arguments: tuple[str, ...]) -> None:
    """What makes no replay is refused with an example, before anything is sent."""
    local.put(an_event())
    assert "Example: envybox replay" in run("replay", *arguments, status=2).stderr


@pytest.mark.parametrize("name", ["../x", "", "a b"])
def test_names(local: World, name: str) -> None:
    """A replay's name is a file's too: nothing else is taken for one."""
    local.put(an_event())
    arguments = ("--type", "call.result", "--to", "http://localhost/", "--name", name or ".")
    assert "cannot be used" in run("replay", *arguments, status=1).stderr
    assert (
        "no unfinished replay 'x' (none at all)" in run("replay", "--resume", "x", status=1).stderr
    )


def test_no_event(local: World) -> None:
    """Nothing that was found is nothing to do."""
    local.put(an_event())
    assert "No event." in run("replay", "--site", "x", "--publish").stderr


def test_of_another_place(local: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A replay is not gone on with in another project."""
    local.put(an_event())
    run("replay", "--type", "call.result", "--to", "http://127.0.0.1:9/", "--name", "r", status=1)
    monkeypatch.setenv("ENVYBOX_LOCAL_PATH", str(tmp_path / "other.db"))
    assert "is of embedded" in run("replay", "--resume", "r", status=2).stderr


def test_ctrl_c(local: World) -> None:
    """Ctrl-C lets the round under way be finished, and says how to go on; status 130."""
    events = [an_event(seconds=n, call_id=str(1 + n)) for n in range(4)]
    local.put(*events)
    with serving() as server:
        server.each = lambda: len(server.bodies) == 2 and os.kill(os.getpid(), signal.SIGINT)
        arguments = ("--type", "call.result", "--to", server.url, "--name", "r", "--rate", "1")
        result = run("replay", *arguments, status=130)
        assert "--resume r" in result.stderr
        run("replay", "--resume", "r")
    assert ids(events) == _sent(server)


def test_order_within_a_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call's events keep their order, across chunks too."""
    monkeypatch.setattr(engine, "CHUNK", 7)
    events = [an_event(seconds=n, call_id=str(1 + n % 3)) for n in range(20)]
    world.put(*events)
    _subscribe(world)
    run("replay", "--type", "call.result", "--publish", "--yes", "--rate", "10000")
    lanes: dict[str, list[str]] = defaultdict(list)
    for message in _published(world, 20):
        lanes[message["key"]].append(message["attributes"]["event_id"])
    assert {str(1 + k): ids(events[k::3]) for k in range(3)} == dict(lanes)


@pytest.mark.emulator
def test_no_topic(emulated: World) -> None:
    """A topic that is not there is told, and the replay can be gone on with."""
    emulated.put(an_event())
    arguments = ("--topic-prefix", "other-", "replay", "--type", "call.result", "--publish")
    result = run(*arguments, "--yes", "--name", "r", status=1)
    assert "other-call-result: nobody" in result.stderr
    assert "--resume r" in result.stderr


@pytest.mark.emulator
def test_who_may_not_see(emulated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the subscriptions may not be listed the question says so; other errors end it."""
    from google.api_core import exceptions

    outlet: Any = open_outlet(Place({}))
    error: Exception = exceptions.PermissionDenied("no")

    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(outlet._client, "list_topic_subscriptions", refuse)
    assert outlet.subscriptions("envybox-unknown") is None
    error = exceptions.NotFound("no such topic")
    assert [] == outlet.subscriptions("envybox-unknown")
    error = exceptions.ServiceUnavailable("down")
    with pytest.raises(Exception, match="down"):
        outlet.subscriptions("envybox-unknown")
    monkeypatch.setattr("envybox.operator.commands.replay.open_outlet", lambda _: outlet)
    monkeypatch.setattr(outlet, "subscriptions", lambda _: None)
    emulated.put(an_event())
    result = run("replay", "--type", "call.result", "--publish", "--yes")
    assert "cannot be seen" in result.stderr


def test_whole_again(local: World) -> None:
    """What the store could not hold is made anew from raw; where that is spoiled, as stored."""
    import sqlite3

    import msgspec

    from envybox.event import FieldWarning

    event, fields = an_event(custom_data="[[1]]")
    short = msgspec.structs.replace(
        event,
        custom_data="[[1]]",
        warnings=[FieldWarning("custom_data", "not for Firestore, kept as JSON text")],
    )
    spoiled = msgspec.structs.replace(short, id="f" * 32)
    local.put((short, fields), (spoiled, fields))
    with sqlite3.connect(local.settings.local_path) as db:
        db.execute("UPDATE events SET raw = 'x' WHERE id = ?", ("f" * 32,))
    db.close()
    with serving() as server:
        run("replay", event.id, "f" * 32, "--to", server.url)
    data = [json.loads(base64.b64decode(json.loads(b)["message"]["data"])) for b in server.bodies]
    assert [[[1]], "[[1]]"] == [one["custom_data"] for one in data]


def test_progress_in_a_terminal(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal the number of those done is shown as it grows."""
    local.put(*(an_event(seconds=n) for n in range(2)))

    monkeypatch.setattr("envybox.operator.commands.replay.in_terminal", lambda: True)
    with serving() as server:
        result = run("replay", "--type", "call.result", "--to", server.url)
    assert "\r1 of 2\r2 of 2\n" in result.stderr


def test_counts_of_topics(local: World) -> None:
    """The question counts each topic by itself."""
    local.put(an_event(), an_event(), an_event("the quiz", visitor_id=""))
    result = run("replay", "--since", "2026-11-01", "--publish", "--yes")
    assert "2 to envybox-call-result" in result.stderr
    assert "1 to envybox-lead-quiz" in result.stderr
    assert Counter({"envybox-call-result": 2, "envybox-lead-quiz": 1}) == Counter(
        message["topic"] for message in _published(local)
    )
