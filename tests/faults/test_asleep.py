"""An instance without requests gets no CPU: what ran out meanwhile must not cost the next one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.function import Function
from tests.faults.promise import webhook

KEY = webhook().fields["key"]


@pytest.fixture
def function(tmp_path: Path) -> Iterator[Function]:
    """Return a receiver whose own time-out is a second, as Cloud Run would tell it."""
    environ = {
        "ENVYBOX_BACKEND": "local",
        "ENVYBOX_LOCAL_PATH": str(tmp_path / "envybox.db"),
        "ENVYBOX_KEYS": KEY,
        "CLOUD_RUN_TIMEOUT_SECONDS": "1",
    }
    function = Function("webhook", environ)
    function.start()
    function.wait()
    yield function
    function.kill()


def test_the_request_that_wakes_it_is_answered(function: Function) -> None:
    """The server does not take its worker for dead because it has slept."""
    for _ in range(2):
        with (
            function.asleep(3),
            socket.create_connection(("127.0.0.1", function.port), timeout=30) as connection,
        ):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert 200 == function.post(webhook().fields).status
    assert not [line for line in function.log if "TIMEOUT" in line]


def test_a_connection_that_was_kept_alive_is_kept(function: Function) -> None:
    """Nor does it close the connection on which the next request has come."""
    request = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", function.port), timeout=30) as connection:
        for seconds in (0, 3, 3):
            with function.asleep(seconds):
                connection.sendall(request)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
