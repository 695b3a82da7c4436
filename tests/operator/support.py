"""What the tests of commands share: a way to run them, and a server to send to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from click.testing import CliRunner, Result

from envybox.operator.__main__ import cli


def run(*arguments: str, status: int = 0, text: str | None = None) -> Result:
    """Run a command, which has to end with a status."""
    result = CliRunner().invoke(cli, arguments, input=text, prog_name="envybox")
    assert status == result.exit_code, (result.output, result.exception)
    return result


def objects(result: Result) -> list[Any]:
    """Return the objects that a command printed, one a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


class Server:
    """An HTTP server that keeps what it was sent and answers `status` with `answer`."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = b"{}"
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.each: Any = lambda: None
        self.each_path: Any = lambda _path: None


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server for as long as the context lasts."""
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            kept.bodies.append(self.rfile.read(length))
            kept.headers.append({k.lower(): v for k, v in self.headers.items()})
            kept.each_path(self.path)
            self.send_response(kept.status)
            if kept.status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(kept.answer)))
            self.end_headers()
            self.wfile.write(kept.answer)
            kept.each()

        do_GET = do_POST  # noqa: N815 - http.server's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
