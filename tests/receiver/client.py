"""The endpoints on the embedded backend, called without a server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from envybox.receiver.app import App
from tests.samples import HELP_PAGE, KEY


class Client:
    """Calls an app's entry points in this process."""

    def __init__(self, app: App) -> None:
        self.app = app

    def call(self, entry: str = "webhook", method: str = "POST", **kwargs: Any) -> httpx.Response:
        """Call an entry point and return its answer."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            response = await getattr(self.app, entry)(Request(scope, receive))
            await response(scope, receive, send)

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(serve)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                answer = await client.request(method, "/", **kwargs)
            await self.app._backend.close()
            return answer

        return asyncio.run(run())

    def post(self, fields: Any = HELP_PAGE, key: str = KEY) -> httpx.Response:
        """Send a webhook."""
        return self.call(data=dict([*fields, ("key", key)]))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log's lines."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
