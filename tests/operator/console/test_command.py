from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from envybox.operator.commands import console as command
from envybox.operator.console.desk import Desk
from envybox.operator.place import Place
from envybox.tools.emulators import free_port
from tests.operator.console.support import FORM, Store
from tests.operator.support import run
from tests.tools.support import ROOT, clean_environ


def get(port: int, path: str) -> tuple[int, str]:
    """Return status and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(store: Store, number: int) -> None:
    """As a program it says where it is, shows the file, and ends with its streams open."""
    event = store.add(FORM)
    port = free_port()
    program = [sys.executable, "-m", "envybox.operator", "--backend", "local"]
    program += ["--local-path", store.path, "console", "--port", str(port)]
    process = subprocess.Popen(
        program, env=clean_environ(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr
    assert "envybox.db" in process.stderr.readline()
    assert f"The console is up: http://localhost:{port}/\n" == process.stderr.readline()
    assert event in get(port, "/events")[1]
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    stream.request("GET", f"/events/live?after={_cursor(port)}")
    assert 200 == stream.getresponse().status
    process.send_signal(number)
    process.wait(15)
    assert "Traceback" not in process.stderr.read()
    stream.close()
    process.stderr.close()


def _cursor(port: int) -> str:
    found = re.search(r"after=([\w-]+)", get(port, "/events")[1])
    assert found
    return found[1]


def test_a_port_that_is_taken(store: Store) -> None:
    """Where the port is another's, it says so and ends with an error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = ["--backend", "local", "--local-path", store.path, "console"]
        run(*arguments, "--port", str(taken.getsockname()[1]), status=1)


class Stand:
    """Takes the server's place: tells what it was given, and is up at once."""

    def __init__(self) -> None:
        self.desk: Any = None
        self.token = ""
        self.port = 0
        self.started = True
        self.when_up: Any = None

    def __call__(self, desk: Desk, _host: str, port: int, *, token: str) -> Stand:
        self.desk, self.port, self.token = desk, port, token
        return self

    def run(self) -> None:
        """Be up."""
        self.when_up()


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A server that is none."""
    stand = Stand()
    monkeypatch.setattr("envybox.operator.console.serve.server", stand)
    return stand


def test_on_a_project_it_takes_a_token(
    stand: Stand, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployed project is opened by the printed link alone; the file is open to its machine."""
    lookup = store.desk().lookup
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("envybox.operator.firestore.FirestoreLookup", lambda *_: lookup)
    result = run("--backend", "google", "--project", "my-project-123", "console", "--no-open")
    assert stand.desk.deployed
    assert "my-project-123" == stand.desk.name
    assert 30 < len(stand.token)
    assert f"http://127.0.0.1:{stand.port}/?token={stand.token}" in result.output
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "localhost:1")
    run("--backend", "google", "--project", "my-project-123", "console")
    assert (False, "") == (stand.desk.deployed, stand.token)


@pytest.mark.parametrize(
    ("host", "url", "token"),
    [
        ("127.0.0.1", "http://localhost:8099/", False),
        ("::1", "http://localhost:8099/", False),
        ("localhost", "http://localhost:8099/", False),
        ("192.0.2.1", "http://192.0.2.1:8099/?token=", True),
        ("fd00::1", "http://[fd00::1]:8099/?token=", True),
        ("host.example", "http://host.example:8099/?token=", True),
    ],
)
def test_another_address_takes_a_token(
    stand: Stand, store: Store, host: str, url: str, *, token: bool
) -> None:
    """Whoever listens for other machines gets a token, also for a file of samples."""
    arguments = ["--backend", "local", "--local-path", store.path, "console"]
    result = run(*arguments, "--host", host, "--port", "8099")
    assert url in result.output
    assert token == bool(stand.token)


@pytest.mark.usefixtures("stand")
def test_it_opens_the_browser(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal the page is opened, so that no token has to be copied."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(command, "at_a_terminal", lambda: True)
    arguments = ["--backend", "local", "--local-path", store.path, "console", "--port", "8099"]
    run(*arguments)
    run(*arguments, "--no-open")
    assert ["http://localhost:8099/"] == opened


def test_the_next_port_that_is_free() -> None:
    """Without a port it takes the first that is free; where none is, it says which to give."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert port < command.free_port("127.0.0.1", port) < port + 100
    with pytest.raises(click.ClickException, match="--port"):
        command.free_port("192.0.2.1")


def test_a_receiver_is_a_url(store: Store) -> None:
    """What is given as the receiver has to be an address that can be posted to."""
    arguments = ["--backend", "local", "--local-path", store.path, "console"]
    result = run(*arguments, "--receiver", "javascript:alert(1)", status=2)
    assert "is no URL" in result.output


def test_a_project_is_read_slower(store: Store, tmp_path: Path) -> None:
    """On a deployed project each event costs: less is read, and asked for less often."""
    desk, deployed = store.desk(), store.desk(deployed=True)
    assert deployed.sample < desk.sample
    assert deployed.poll_seconds > desk.poll_seconds
    place = Place({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(tmp_path / "a.db")})
    assert "a.db" == Desk.of(place).name


def test_the_console_is_no_part_of_the_function() -> None:
    """What is deployed imports neither the console nor anything else of the operator's."""
    code = "import main, sys; print([name for name in sys.modules if 'envybox.operator' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=clean_environ(ENVYBOX_KEYS="0123456789abcdef", ENVYBOX_BACKEND="local"),
        cwd=ROOT,
        check=True,
    )
    assert "[]" == done.stdout.strip()
