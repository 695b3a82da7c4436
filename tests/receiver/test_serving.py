from __future__ import annotations

import asyncio
from contextvars import Context

import pytest
from functions_framework import aio, execution_id
from functions_framework._http.gunicorn import UvicornApplication
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.config import Config
from uvicorn.server import ServerState
from uvicorn_worker import UvicornWorker

from envybox.receiver import serving


@pytest.fixture(autouse=True)
def _prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework and its server as the receiver sets them, for a test's time."""
    monkeypatch.setenv("CLOUD_RUN_TIMEOUT_SECONDS", "10")
    monkeypatch.setenv("LOG_EXECUTION_ID", "true")
    monkeypatch.setattr(UvicornWorker, "CONFIG_KWARGS", {"loop": "auto", "http": "auto"})
    monkeypatch.setattr(aio, "Route", Route)
    for name in ("AsgiMiddleware", "set_execution_context_async"):
        monkeypatch.setattr(execution_id, name, getattr(execution_id, name))
    serving.prepare()


def test_prepare() -> None:
    """The framework's server then never takes a worker for dead, nor closes what is idle."""
    server = UvicornApplication(None, "127.0.0.1", 0, debug=False)
    assert 0 == server.cfg.timeout
    assert ("auto", serving.KEEP_ALIVE_SECONDS) == (
        UvicornWorker.CONFIG_KWARGS["loop"],
        UvicornWorker.CONFIG_KWARGS["timeout_keep_alive"],
    )


async def answers(app: Starlette, *requests: bytes) -> list[bytes]:
    """Return what the server, prepared, answers to requests as they go over the wire."""
    config = Config(app, http=UvicornWorker.CONFIG_KWARGS["http"], log_level="critical")
    config.load()
    state = ServerState()

    def protocol() -> asyncio.Protocol:
        return config.http_protocol_class(config=config, server_state=state, app_state={})

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    received = []
    for request in requests:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        received.append(await asyncio.wait_for(reader.read(), 10))
        writer.close()
        await writer.wait_closed()
    server.close()
    return received


def test_methods() -> None:
    """All comes to the function, by any path and method; what no parser knows is answered alike."""

    async def function(request: Request) -> Response:
        return Response(f"function: {request.method}")

    make = aio._create_asgi_app_with_function
    rest = b" / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    trace, robots, icon, unheard_of, no_http = asyncio.run(
        answers(
            make(function, "http", False),
            b"TRACE" + rest,
            b"TRACE /robots.txt" + rest[2:],
            b"GET /favicon.ico" + rest[2:],
            b"BREW" + rest,
            b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        )
    )
    assert trace.endswith(b"function: TRACE")
    assert robots.endswith(b"function: TRACE")
    assert icon.endswith(b"function: GET")
    assert unheard_of.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nallow: GET, HEAD, POST\r\n" in unheard_of
    assert unheard_of.endswith(b'\r\n\r\n{"error":"method_not_allowed"}')
    assert no_http.startswith(b"HTTP/1.1 400 ")


def test_no_execution_ids() -> None:
    """No request gets an id of the framework's, which nothing here writes anywhere."""

    async def function(request: Request) -> Response:
        return Response(f"{' '.join(request.headers)} {execution_id.execution_context_var.get()}")

    app = aio._create_asgi_app_with_function(function, "http", False)
    get = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    # The framework leaves a Flask function's id in the thread: a context of its own has none.
    (answer,) = Context().run(asyncio.run, answers(app, get))
    assert answer.endswith(b"\r\n\r\nhost connection None")
