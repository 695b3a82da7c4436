"""What the stand-ins share: a server on a loopback port, and faults to order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

HTML = b"<html><body><h1>Service unavailable</h1></body></html>"


class Request(NamedTuple):
    """A request: `path` without its query, `query` with the last value of each name."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


class Reply(NamedTuple):
    """An answer. `body`: bytes as they are, an iterator of them, None, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}


class Fault(NamedTuple):
    """What goes wrong once, with a request whose path ends in `path`.

    `reply`: what is answered; None: the connection is closed without an answer. `effect`:
    whether the request took effect all the same, as one does that was answered too late.
    """

    path: str
    reply: Reply | None = None
    effect: bool = False


class StandIn:
    """A server, for as long as the context lasts. `clock` gives seconds, for its limits."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Reply:
        """Do what the service does. Overridden by each."""
        raise NotImplementedError

    def take(self, request: Request) -> Reply | None:
        """Answer a request, or do what was ordered to go wrong; one request at a time."""
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if request.path.endswith(fault.path):
                    self.faults.remove(fault)
                    if fault.effect:
                        self.answer(request)
                    return fault.reply
            return self.answer(request)


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = standin.take(Request(self.command, parts.path, query, headers, body))
            self.close_connection = True
            if reply is not None:
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            if isinstance(reply.body, Iterator):
                self._stream(reply.body)
                return
            content = reply.body if isinstance(reply.body, bytes) else b""
            headers = {"content-type": "text/html", **reply.headers}
            if reply.body is not None and not isinstance(reply.body, bytes):
                content = json.dumps(reply.body).encode()
                headers = {"content-type": "application/json", **reply.headers}
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, chunks: Iterator[bytes]) -> None:
            """Send a body of a length that is not told, until the other side has enough."""
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for chunk in chunks:
                    self.wfile.write(chunk)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing: the stand-in keeps its requests."""

    return Handler
