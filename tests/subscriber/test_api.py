from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from envybox.errors import Unavailable, UnknownOutcome
from envybox.subscriber import api
from examples.standins.server import Reply, Request, StandIn

SECRET = "bot123:secret"


class Echo(StandIn):
    """Answers with what it was sent."""

    reply: Reply | None = None

    def answer(self, request: Request) -> Reply:
        return self.reply or Reply(200, {"path": request.path, "query": request.query})


@pytest.fixture
def server() -> Iterator[Echo]:
    """A server that answers with what it was sent."""
    with Echo() as echo:
        yield echo


def test_a_call(server: Echo) -> None:
    """JSON goes out as UTF-8, the query is added to the URL's, and the answer is read as JSON."""
    answer = api.call("POST", f"{server.url}/a?b=1", json={"имя": "Анна"}, query={"c": "д&"})
    assert {"path": "/a", "query": {"b": "1", "c": "д&"}} == answer.json()
    (request,) = server.requests
    assert ("POST", {"имя": "Анна"}) == (request.method, request.json())
    assert "application/json" == request.headers["content-type"]


def test_a_body_as_it_is(server: Echo) -> None:
    """A body that is no JSON is sent as it is, with its own content type."""
    api.call("POST", server.url, body=b"a,b", headers={"content-type": "text/csv"})
    (request,) = server.requests
    assert (b"a,b", "text/csv", "/") == (
        request.body,
        request.headers["content-type"],
        request.path,
    )


def test_an_answer_that_is_no_json(server: Echo) -> None:
    """A proxy's HTML page reads as None, whatever its status, and a redirect is not followed."""
    server.reply = Reply(302, b"<html>", {"Location": "http://192.0.2.1/"})
    answer = api.call("GET", server.url)
    assert (302, None) == (answer.status, answer.json())
    assert "http://192.0.2.1/" == answer.headers["location"]


def test_an_endless_answer(server: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer longer than any that is expected is not kept in memory: its outcome is unknown."""
    monkeypatch.setattr(api, "LONGEST_ANSWER", 1000)
    server.reply = Reply(200, b"x" * 100_000)
    with pytest.raises(UnknownOutcome):
        api.call("GET", server.url)


def test_nobody_there() -> None:
    """A request that was not sent is `Unavailable`, and is known to have done nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        api.call("GET", f"http://127.0.0.1:{port}/{SECRET}")
    assert Unavailable is caught.type
    assert "127.0.0.1: ConnectionRefusedError" == str(caught.value)


def test_no_answer(server: Echo) -> None:
    """A connection that is closed without an answer leaves it unknown whether it was done."""
    server.take = lambda _: None  # type: ignore[method-assign,assignment]  # no answer
    with pytest.raises(UnknownOutcome) as caught:
        api.call("POST", f"{server.url}/{SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_slow_answer(first: bytes) -> None:
    """No answer in time, or one that does not end: the outcome is unknown, and nobody waits on."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(first)
                while first and not ended.wait(0.01):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return
                ended.wait(10)

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(UnknownOutcome):
            api.call("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/", seconds=0.2)
        ended.set()
        thread.join()


def test_a_certificate_is_checked(server: Echo) -> None:
    """An https URL is spoken TLS to, with the system's certificates: a plain server is refused."""
    with pytest.raises(Unavailable, match="SSL"):
        api.call("GET", server.url.replace("http://", "https://"))
    context: Any = api._tls()
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
