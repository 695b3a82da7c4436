"""Serves the console on this machine until it is told to end."""

from __future__ import annotations

import secrets
from typing import Any

import uvicorn

from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk
from envybox.operator.console.safety import hosts

GRACE_SECONDS = 1


class Server(uvicorn.Server):
    """Ends the streams when it stops: it would wait for them."""

    async def shutdown(self, sockets: Any = None) -> None:
        """Stop."""
        self.config.app.app.state.feed.end()  # type: ignore[union-attr] # the guard's, see `build`
        await super().shutdown(sockets)


def server(desk: Desk, host: str, port: int, *, token: str = "") -> Server:
    """Return a server of a desk's console that is not started yet."""
    app = build(desk, hosts=hosts(host, port), token=token, port=port)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # a URL has a phone number in it, or the token
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


def new_token() -> str:
    """Return a token for one start."""
    return secrets.token_urlsafe(24)
