"""A deployment on a simulated clock, a minute at a time: webhooks, `recover`'s runs, the spool.

Both functions are served in this process, on a clock that runs ahead of the emulators'. The
test is Pub/Sub for the spool: it pulls what was published there, and pushes it to `recover`
as the subscription that Terraform makes would (terraform/spool.tf).
"""

from __future__ import annotations

import base64
import inspect
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from envybox import settings
from envybox.receiver.app import App
from tests.faults.function import Answer
from tests.faults.promise import Sent, webhook
from tests.faults.world import World

MINUTE = timedelta(minutes=1)
FIRST_BACKOFF, LAST_BACKOFF = timedelta(seconds=10), timedelta(seconds=600)
MOST_TRIES = 100


class Clock:
    """What time it is for the receiver's own modules."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Show this time to every module of the package that asks for the time of day."""
        clock = self

        class Simulated(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return clock.now.astimezone(tz)

        for name, module in list(sys.modules.items()):
            if name.startswith("envybox.") and "datetime.now(" in inspect.getsource(module):
                patch.setattr(module, "datetime", Simulated)


class Spooled(NamedTuple):
    """A message of the spool that `recover` has not taken: when it comes next, and its tries."""

    due: datetime
    tries: int = 0
    backoff: timedelta = FIRST_BACKOFF


class Revision:
    """The two functions, as one deployment of them; a fault of it ends with the next one."""

    def __init__(self, world: World, environ: Mapping[str, str]) -> None:
        self._clients = {
            target: self._serve(world, target, environ) for target in ("webhook", "recover")
        }

    @staticmethod
    def _serve(world: World, target: str, environ: Mapping[str, str]) -> httpx.AsyncClient:
        variables = {**world.environ(target), "ENVYBOX_RECOVER_AFTER_SECONDS": "60", **environ}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            app = App(settings.load(variables))
        served = Starlette(routes=[Route("/", getattr(app, target), methods=["POST"])])
        transport = httpx.ASGITransport(served)
        return httpx.AsyncClient(transport=transport, base_url="http://x", timeout=60)

    async def ask(self, target: str, **content: Any) -> Answer:
        """Send a POST to a function."""
        response = await self._clients[target].post("/", **content)
        return Answer(response.status_code, response.json(), 0.0, dict(response.headers))


class Deployment:
    """A world's functions and its spool, minute by minute."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.sent: list[Sent] = []
        self.spool: dict[str, Spooled] = {}
        self._taken: set[str] = set()
        world.subscribe("spool")

    async def minute(self, revision: Revision, *, sends: bool = True) -> None:
        """Let a minute pass: a webhook, the spool's pushes that are due, a run of `recover`."""
        self.clock.now += MINUTE
        if sends:
            one = webhook()
            one.answers.append(await revision.ask("webhook", data=one.fields))
            self.sent.append(one)
        for message_id, data in self.world.pull("spool").items():
            if message_id not in self._taken:
                await self._push(revision, message_id, data)
        await revision.ask("recover")

    async def _push(self, revision: Revision, message_id: str, data: bytes) -> None:
        waiting = self.spool.setdefault(message_id, Spooled(self.clock.now))
        if waiting.due > self.clock.now:
            return
        envelope = {"message": {"data": base64.b64encode(data).decode()}}
        answer = await revision.ask("recover", content=json.dumps(envelope).encode())
        if answer.acknowledged:
            del self.spool[message_id]
            self._taken.add(message_id)
            return
        assert waiting.tries < MOST_TRIES, "Pub/Sub would make it a dead letter"
        self.spool[message_id] = Spooled(
            due=self.clock.now + waiting.backoff,
            tries=waiting.tries + 1,
            backoff=min(2 * waiting.backoff, LAST_BACKOFF),
        )
