"""The embedded backend under the same faults: killed, locked, full, shared."""

from __future__ import annotations

import random
import resource
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.faults.function import Answer, Function
from tests.faults.gate import until
from tests.faults.local_world import LocalWorld
from tests.faults.promise import LONGEST_SECONDS, Figures, webhook
from tests.faults.test_killed import KILLS
from tests.faults.world import in_parallel

Tell = Callable[[str, str, Figures], None]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    """Return a world on a file of its own."""
    world = LocalWorld(tmp_path_factory.mktemp("local") / "envybox.db")
    world.start()
    yield world
    world.close()


@pytest.fixture
def world(shared: LocalWorld) -> LocalWorld:
    """Return the world, all of its processes up."""
    for function in (*shared.webhooks, shared.recover):
        if not function.ask("GET").status:
            function.restart()

    def served() -> bool:
        answers = [function.post(webhook().fields) for function in shared.webhooks]
        return all(answer.body.get("status") == "published" for answer in answers)

    until(served, 5, "service")
    return shared


def test_killed_under_load_again_and_again_on_one_file(world: LocalWorld, tell: Tell) -> None:
    """Two processes on a file, one or the other killed at random under load: nothing is lost."""

    def kill_and_kill() -> None:
        for number in range(KILLS):
            time.sleep(random.uniform(0.05, 0.4))  # noqa: S311 # at any moment, on purpose
            world.webhooks[number % 2].restart()

    sent = world.senders(8).during(kill_and_kill)
    assert sum(one.acknowledged for one in sent) > KILLS
    tell("SQLite", f"one of two processes killed under load, {KILLS} times", world.settle(sent))


@pytest.mark.parametrize("table", ["events", "messages"])
def test_killed_as_soon_as_something_was_written(world: LocalWorld, tell: Tell, table: str) -> None:
    """Killed just when its event, or its message, is in the file: one event, published."""
    sent = []
    for _ in range(4):
        function = world.webhooks[0]
        before = world.count(table)
        one = webhook()
        sent.append(one)
        poster = threading.Thread(
            target=lambda one=one, f=function: one.answers.append(f.post(one.fields))
        )
        poster.start()
        until(lambda before=before: world.count(table) > before, 5, "the step")
        function.kill()
        poster.join()
        function.restart()
    world.settle(sent)  # without a retry first
    for one in sent:
        if not one.acknowledged:
            world.post(one)
    tell("SQLite", f"killed when its {table[:-1]} is written, 4 times", world.settle(sent))


def test_a_locked_file_is_503_in_time_and_service_afterwards(world: LocalWorld, tell: Tell) -> None:
    """Another process holds the file: 503 with Retry-After within 3 s; and it goes on after."""
    with world.open() as db:
        db.execute("BEGIN IMMEDIATE")
        refused = world.senders(4).run([webhook() for _ in range(8)])
        db.execute("ROLLBACK")
    for one in refused:
        (answer,) = one.answers
        assert (503, "30") == (answer.status, answer.headers["retry-after"])
        assert answer.seconds <= LONGEST_SECONDS
    for one in refused:
        until(lambda one=one: world.post(one).acknowledged, 5, "service")
    tell("SQLite", "locked by another process", world.settle(refused))


def test_a_file_that_is_locked_for_a_moment_is_waited_for(world: LocalWorld) -> None:
    """A lock shorter than the time limit costs the sender nothing but the wait."""
    with world.open() as db:
        db.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.5, db.close)
        sent = webhook()
        answers: list[Answer] = []
        poster = threading.Thread(target=lambda: answers.append(world.post(sent)))
        poster.start()
        release.run()
        poster.join()
    assert "published" == answers[0].body["status"]
    world.settle([sent])


def test_what_a_locked_file_did_not_take_is_stored_when_it_does(world: LocalWorld) -> None:
    """There is no second place beside the file: a 2xx after a failure means stored, at once."""
    with world.open() as db:
        db.execute("BEGIN IMMEDIATE")
        world.senders(8).run([webhook() for _ in range(8)])  # enough for any circuit breaker
        db.execute("ROLLBACK")
    sent = webhook()
    assert world.post(sent).acknowledged
    assert 1 == world.look().documents[sent.marker]


def test_a_full_disk_is_503_and_leaves_nothing_half_written(world: LocalWorld, tell: Tell) -> None:
    """Nothing can be written any more: 503 in time; when there is room again, all is well."""
    functions = [*world.webhooks, world.recover]
    for function in functions:
        limit_files(function, 4096)
    refused = world.senders(4).run([webhook() for _ in range(8)])
    for one in refused:
        assert 503 == one.answers[0].status
        assert one.answers[0].seconds <= LONGEST_SECONDS
    world.check_file()
    for function in functions:
        limit_files(function, resource.RLIM_INFINITY)
    for one in refused:
        until(lambda one=one: world.post(one).acknowledged, 5, "service")
    tell("SQLite", "disk full", world.settle(refused))


def limit_files(function: Function, size: int) -> None:
    """Let a process write no file beyond a size, as on a disk that is full."""
    _, hard = resource.prlimit(function.worker, resource.RLIMIT_FSIZE)
    resource.prlimit(function.worker, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.parametrize("webhooktype", ["1", "12"])
def test_thirty_at_once_to_two_processes_are_one_event(
    world: LocalWorld, tell: Tell, webhooktype: str
) -> None:
    """Thirty parallel copies to two processes: stored once."""
    sent = webhook(webhooktype)
    in_parallel([lambda: world.post(sent) for _ in range(30)])
    assert {200} == {answer.status for answer in sent.answers}
    assert 1 == len({answer.body["id"] for answer in sent.answers})
    tell(
        "SQLite",
        f"30 copies at once to 2 processes, webhooktype {webhooktype}",
        world.settle([sent]),
    )


def test_recover_killed_in_mid_run_leaves_nothing_behind(world: LocalWorld, tell: Tell) -> None:
    """`recover` dies while it publishes a backlog: the next run finishes it."""
    sent = world.senders(4).run([webhook() for _ in range(200)])
    world.settle(sent)
    with world.open() as db:
        db.execute("UPDATE events SET state = 'pending', message_id = NULL")
        db.execute("DELETE FROM messages")
    runner = threading.Thread(target=lambda: world.recover.ask("POST"))
    runner.start()
    until(lambda: world.count("messages") > 20, 10, "the backlog being published")
    world.recover.kill()
    runner.join()
    left = world.look().pending
    assert left > 0
    world.recover.restart()
    tell("SQLite", "recover killed in mid-run", world.settle(sent))
