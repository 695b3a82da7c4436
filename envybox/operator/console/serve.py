"""Serves the console on this machine until it is told to end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from socket import socket

import uvicorn

from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Feed
from envybox.operator.console.safety import hosts

GRACE_SECONDS = 1


class Server(uvicorn.Server):
    """Says when it is up; ends the streams when it stops, for it would wait for them."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self.when_up: Callable[[], None] = lambda: None
        self._feed = feed

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.when_up()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop."""
        self._feed.end()
        await super().shutdown(sockets)


def server(desk: Desk, host: str, port: int, *, token: str = "") -> Server:
    """Return a server of a desk's console that is not started yet."""
    feed = Feed(desk)
    app = build(desk, feed, hosts=hosts(host, port), token=token, port=port)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,  # a URL has a phone number in it, or the token
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config, feed)


def new_token() -> str:
    """Return a token for one start."""
    return secrets.token_urlsafe(24)
