"""What the console's tests share: a store with a few events, and a client that is at home there."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from bench.lifelike import store
from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Feed
from envybox.operator.console.safety import hosts
from envybox.operator.place import Place

HOME = "http://localhost:8090"
CALL = {"webhooktype": "2", "call_id": "9000001", "visitor_id": "100000001"}
CALL |= {"phone": "79000000000", "site": "example.com", "call_state": "Состоялся разговор"}
CALL |= {"call_duration": "65", "call_record": "http://ru.example.com/play/1/"}
CALL |= {"manager_name": "Иван Примеров", "url": "https://example.com/sale/?utm_source=yandex"}
FORM = {"webhooktype": "8", "name": "Анна", "phone": "79000000004", "visitor_id": "100000004"}
FORM |= {"site": "shop.example.com", "message": "Сколько стоит доставка?"}


class Store:
    """A file of events; `add` stores one that came some time ago."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "envybox.db")
        store(self.path, [])

    def add(self, fields: dict[str, str], *, ago: float = 0, state: str = "published") -> str:
        """Store a webhook that came so many seconds ago; return the event's id."""
        at = datetime.now(UTC) - timedelta(seconds=ago)
        return store(self.path, [(at, list(fields.items()))], state=state)[0]

    def desk(self, **settings: Any) -> Desk:
        """Return the desk of this file."""
        given = {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": self.path}
        return dataclasses.replace(Desk.of(Place(given)), **settings)

    def client(self, token: str = "", **settings: Any) -> Client:
        """Return a client of this file's console, without a browser's headers."""
        return self.client_of(self.desk(**settings), token)

    @staticmethod
    def client_of(desk: Desk, token: str = "") -> Client:
        """Return a client of a desk's console."""
        allowed = hosts("127.0.0.1", 8090)
        return Client(build(desk, Feed(desk), hosts=allowed, token=token, port=8090))


class Client:
    """Asks an app without a network, and keeps its cookies; follows no redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)
        self._cookies = httpx.Cookies()

    def get(self, path: str, **asked: Any) -> httpx.Response:
        """Return the answer to a GET."""
        return asyncio.run(self._request("GET", path, **asked))

    def post(self, path: str, **asked: Any) -> httpx.Response:
        """Return the answer to a POST."""
        return asyncio.run(self._request("POST", path, **asked))

    async def _request(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url=HOME, cookies=self._cookies
        ) as client:
            answer = await client.request(method, path, **asked)
            self._cookies = client.cookies
            return answer
