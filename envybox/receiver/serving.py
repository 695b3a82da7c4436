"""The framework and its server, set up for an instance that sleeps, and for our log.

Between requests Cloud Run takes an instance's CPU away, its timers with it. Two that run out
meanwhile would cost the request that wakes it:

- gunicorn kills a worker that has not reported for as long as the function's own time-out,
  which the framework hands on to it.
- uvicorn closes a connection that was kept alive for two seconds, a new request in it or not.

Google deploys functions with LOG_EXECUTION_ID=true. The framework then parses each line of the
log, and puts an id in decimal in the place of the span's, which ties it to no trace. The ids
that it would write there it makes all the same, by twelve random numbers where a request has none.

Methods other than seven never come to the function: the framework's routes refuse TRACE and
WebDAV's with a page of their own, and the server's parser refuses those that it has never
heard of. All of them are to get the answer that PUT gets. Nor does what asks for `/robots.txt`
or `/favicon.ico`, which the framework answers 404.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from functions_framework import aio, execution_id
from starlette.routing import Route

METHODS = "GET, HEAD, POST"

KEEP_ALIVE_SECONDS = 3600
"""As good as never: who is at the other end is Cloud Run, which closes what it will not use."""


def prepare() -> None:
    """Set it up; to be called before the framework makes its server, when main.py is imported."""
    os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"  # what gunicorn calls no time-out
    os.environ["LOG_EXECUTION_ID"] = "false"
    aio.Route = _Route  # type: ignore[attr-defined]  # the one that the framework imported
    framework: Any = execution_id
    framework.AsgiMiddleware = _unchanged
    framework.set_execution_context_async = lambda *_, **__: _unchanged
    with suppress(ImportError):  # where there is no gunicorn the framework does without
        from uvicorn_worker import UvicornWorker

        UvicornWorker.CONFIG_KWARGS = {
            **UvicornWorker.CONFIG_KWARGS,
            "timeout_keep_alive": KEEP_ALIVE_SECONDS,
            "http": _protocol(),
        }


def _unchanged(app: Any) -> Any:
    return app


class _Route(Route):
    """A route that leaves methods to the function, where it is the function's; else none."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.methods = None if self.methods and "POST" in self.methods else {"no method"}


def _protocol() -> type:
    """Return uvicorn's protocol that knows the answer to a method which its parser does not."""
    from httptools import HttpParserInvalidMethodError
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Protocol(HttpToolsProtocol):
        def send_400_response(self, msg: str) -> None:
            if not isinstance(sys.exception(), HttpParserInvalidMethodError):
                super().send_400_response(msg)
                return
            body = b'{"error":"method_not_allowed"}'
            self.transport.write(
                b"HTTP/1.1 405 Method Not Allowed\r\ncontent-type: application/json\r\n"
                b"allow: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (METHODS.encode(), len(body), body)
            )
            self.transport.close()

    return Protocol
