from __future__ import annotations

import contextlib
import json
import os
import pty
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions

from envybox.errors import Unavailable
from envybox.operator import follow, listening
from envybox.operator.commands import listen as command
from envybox.operator.place import Place
from envybox.ports.publish import Message
from envybox.receiver import message
from tests.operator.support import objects, run, serving
from tests.operator.worlds import World, an_event

LONG = 30.0
_ROOT = Path(__file__).parents[2]


def _publish(world: World, *events: Any, **attributes: str) -> None:
    async def work(_store: Any, publisher: Any) -> None:
        for event, _ in events:
            made = message.of_event(event)
            new = Message(
                data=made.data,
                attributes={**made.attributes, **attributes},
                ordering_key=made.ordering_key,
            )
            topic = "envybox-" + event.type.replace(".", "-")
            await publisher.publish(topic, new, timeout=10)

    world.run(work)


@contextlib.contextmanager
def _meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something again and again while the context lasts."""
    ended = threading.Event()

    def loop() -> None:
        while not ended.wait(0.1):
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_source_that_ends(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is to come any more, it ends."""
    nothing: contextlib.AbstractContextManager[Any] = contextlib.nullcontext(iter([None]))
    monkeypatch.setattr(command, "live", lambda *_: nothing)
    local.put(an_event())
    assert "Following all types" in run("listen").stderr
    nothing = contextlib.nullcontext(iter([None]))
    assert "Following all types" in run("listen", "--since", "1h").stderr


def test_a_subscription_that_is_deleted() -> None:
    """Who pulls from a subscription that is not there any more stops."""
    pulled: list[str] = []

    class Client:
        def pull(self, *, subscription: str, **_: object) -> None:
            pulled.append(subscription)
            raise exceptions.NotFound("deleted")

    listening._pull(Client(), "path", queue.SimpleQueue(), threading.Event())
    assert ["path"] == pulled


def test_nothing_came_and_the_client_is_closed() -> None:
    """Nothing is acknowledged where nothing came; a client that was closed is no error."""
    ended = threading.Event()

    class Client:
        def pull(self, **_: object) -> SimpleNamespace:
            if ended.is_set():
                pytest.fail("it goes on")
            if self.pulled:
                ended.set()
                raise ValueError("Cannot invoke RPC on closed channel!")
            self.pulled = True
            return SimpleNamespace(received_messages=[])

        pulled = False

    listening._pull(Client(), "path", queue.SimpleQueue(), ended)
    assert ended.is_set()


def test_live(world: World) -> None:
    """What is published is shown as it comes: time, type, subject, site, id; repeats as such."""
    event = an_event()
    world.put(event)
    with _meanwhile(lambda: _publish(world, event, replay="r\x1b1")):
        result = run("listen", "--limit", "2")
    first, second = result.stdout.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d  call.result +call 6002540  somedomain.com  ", first)
    assert event[0].id in first
    assert "repeat 2" in second
    assert "replay r␛1" in first
    assert "Following all types" in result.stderr
    assert "Ended: 2 came." in result.stderr


def test_types_and_targets(world: World) -> None:
    """Types are followed, each posted to its own endpoint, the others to another."""
    result_event, quiz, video = an_event(), an_event("the quiz"), an_event("the video widget")
    world.put(result_event)
    with serving() as own, serving() as rest:
        with _meanwhile(lambda: _publish(world, result_event, quiz, video)):
            targets = ("--forward-to", f"call.result={own.url}", "--forward-to", f"{rest.url}?a=b")
            result = run("listen", "call.result", "lead.quiz", *targets, "--limit", "6")
        kinds = [
            {json.loads(body)["message"]["attributes"]["type"] for body in one.bodies}
            for one in (own, rest)
        ]
    assert [{"call.result"}, {"lead.quiz"}] == kinds
    assert re.search(r"\[200\] \d+ ms  call.result +call 6002540  → http", result.stdout)


def test_since(world: World) -> None:
    """What was received before is caught up with from the store, each once; what is pending not."""
    now = datetime.now(UTC)
    seconds = (now - datetime(2026, 11, 22, 6, 46, tzinfo=UTC)).total_seconds()
    old, new, late = (an_event(seconds=seconds - n) for n in (7200, 60, 30))
    world.put(old, new)
    world.put(late, published=False)
    link = ("--console", "http://localhost:8080/console/")
    result = run("listen", "--since", "1h", "--limit", "1", *link)
    assert f"http://localhost:8080/console/events/{new[0].id}" in result.stdout
    assert 1 == len(result.stdout.splitlines())


def test_caught_up_with_and_then_live(local: World) -> None:
    """What was caught up with and comes live too is shown once."""
    local.put(event := an_event(), an_event("the quiz"))
    listener = command.Listener(Place({}), {}, None, None, as_lines=True)
    came = list(follow.caught_up(local.lookup(), ["call.result"], event[0].received_at))
    for one in came * 2:
        listener.take(one)
    assert 1 == listener.number


def test_json(world: World) -> None:
    """One object a line has the event, its attributes and what the endpoint said."""
    event = an_event()
    world.put(event)
    with serving() as server:
        server.status = 500
        with _meanwhile(lambda: _publish(world, event)):
            told = objects(run("listen", "--json", "--limit", "1", "--forward-to", server.url))
            plain = objects(run("listen", "--json", "--limit", "1", "--console", "http://c"))
    assert event[0].id == told[0]["event"]["id"]
    assert "call.result" == told[0]["attributes"]["type"]
    assert (500, "answered 500") == (
        told[0]["forwarded"]["status"],
        told[0]["forwarded"]["problem"],
    )
    assert f"http://c/events/{event[0].id}" == plain[0]["link"]
    assert "forwarded" not in plain[0]


def test_silence_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing comes, it is told once what is followed and what came elsewhere."""
    seconds = (datetime.now(UTC) - datetime(2026, 11, 22, 6, 46, tzinfo=UTC)).total_seconds()
    world.put(an_event(seconds=seconds - 60))
    monkeypatch.setattr(command, "SILENCE_SECONDS", 0.0)
    quiz = an_event("the quiz")
    told: list[str] = []
    monkeypatch.setattr(command, "say", told.append)

    def later() -> None:
        if any("Nothing came" in text for text in told):
            _publish(world, quiz)

    with _meanwhile(later):
        run("listen", "lead.quiz", "--limit", "1")
    (text,) = [text for text in told if "Nothing came yet" in text]
    assert "1 events were received, 0 of them of what is followed; 0 are pending" in text


def test_silence_where_nothing_can_be_counted(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store cannot tell, what it says is told in the place of numbers."""
    local.put(an_event())
    lookup = local.lookup()

    def refuse(*_: object) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(lookup, "count", refuse)
    told: list[str] = []
    monkeypatch.setattr(command, "say", told.append)
    command._explain(lookup, ["call.result"])
    assert "Nothing came yet. down" in told[0]


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("--forward-to", "no=http://localhost"), ("--forward-to", "x")],
)
def test_wrong_usage(local: World, arguments: tuple[str, ...]) -> None:
    """What cannot be followed or posted to is refused with an example."""
    local.put(an_event())
    assert "Example: envybox listen" in run("listen", *arguments, status=2).stderr


def test_a_file_that_is_spoiled(local: World) -> None:
    """A file that cannot be read any more ends it with a line."""
    Path(local.settings.local_path).write_text("x" * 1000)
    assert "not a database" in run("listen", status=1).stderr


def test_an_empty_file(local: World) -> None:
    """Where nothing was published yet, the first that is is followed."""
    local.put(event := an_event())
    with _meanwhile(lambda: _publish(local, event)):
        assert event[0].id in run("listen", "--limit", "1").stdout


@pytest.mark.emulator
def test_leaves_nothing(emulated: World) -> None:
    """Its subscriptions are labelled, short-lived, and deleted at the end."""
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    project = f"projects/{emulated.settings.project}"
    with pubsub_v1.SubscriberClient() as client:
        with listening.subscribed(Place({}), ["call.result", "lead.quiz"]):
            made = list(client.list_subscriptions(project=project))
            assert 2 == len(made)
            for one in made:
                assert listening.LABEL == dict(one.labels)
                assert 1 == one.expiration_policy.ttl.days
        assert [] == list(client.list_subscriptions(project=project))


@pytest.mark.emulator
def test_where_no_subscription_may_be_made(
    emulated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not subscribe follows the store."""
    monkeypatch.setattr(follow, "STORE_SECONDS", 0.05)

    def refuse(*_: object) -> None:
        raise exceptions.PermissionDenied("pubsub.subscriptions.create")

    monkeypatch.setattr(listening, "_create", refuse)
    seconds = (datetime.now(UTC) - datetime(2026, 11, 22, 6, 46, tzinfo=UTC)).total_seconds()
    events: list[Any] = []

    def store() -> None:
        events.append(an_event(seconds=seconds + 60 + len(events)))
        emulated.put(events[-1])

    emulated.put(an_event())
    with _meanwhile(store):
        result = run("listen", "--limit", "2")
    assert "No subscription: the store is followed" in result.stderr
    shown = [line.split()[-1] for line in result.stdout.splitlines()]
    assert [event.id for event, _ in events[:2]] == shown


@pytest.mark.emulator
def test_trouble_while_pulling(emulated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull or an acknowledgement that fails is tried again; one that is deleted ends."""
    from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

    real, calls = pubsub_v1.SubscriberClient.pull, []

    def pull(client: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise exceptions.ServiceUnavailable("down")
        return real(client, **more)

    def refuse(*_: object, **__: object) -> None:
        raise exceptions.ServiceUnavailable("down")

    monkeypatch.setattr(pubsub_v1.SubscriberClient, "pull", pull)
    monkeypatch.setattr(pubsub_v1.SubscriberClient, "acknowledge", refuse)
    event = an_event()
    emulated.put(event)
    with _meanwhile(lambda: _publish(emulated, event)):
        run("listen", "call.result", "--limit", "1")
    with listening.subscribed(Place({}), ["call.result"]) as source:
        project = f"projects/{emulated.settings.project}"
        with pubsub_v1.SubscriberClient() as client:
            for one in client.list_subscriptions(project=project):
                client.delete_subscription(subscription=one.name)
        assert next(source) is None


def test_in_a_terminal(local: World) -> None:
    """As a program in a terminal it follows until Ctrl-C, and ends with status 0."""
    event = an_event()
    local.put(event)
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "envybox.operator", "listen"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=_ROOT,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    hung = threading.Timer(LONG, program.kill)
    hung.start()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while b"Following" not in shown:
            shown += terminal.read(1000)
        _publish(local, event)
        while event[0].id.encode() not in shown:
            shown += terminal.read(1000)
        program.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the terminal is closed
            while more := terminal.read(1000):
                shown += more
    assert 0 == program.wait(LONG)
    hung.cancel()
    assert b"Ended: 1 came." in shown
