"""The channel and the store against the strict gateway: tokens, connections that end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from envybox.errors import Unavailable
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.google.pubsub import PubSubPublisher
from envybox.ports.publish import Message
from envybox.ports.store import Mark
from tests.gateway import deployment
from tests.gateway.proxy import Gateway, Token
from tests.gateway.rules import FIRESTORE, PUBSUB
from tests.google.metadata_server import Server
from tests.google.server import Api, serving
from tests.official import BatchWriteResponse, PublishResponse
from tests.samples import NOON

LONG = 20.0
PROJECT = "demo-strict"
STRICT = deployment.load(PROJECT)
MARK = Mark(event_id="f", message_id="1", at=NOON)
TOPIC = "envybox-call-result"
MESSAGE = Message(data=b"x", attributes={})


async def write(_request: bytes, _context: Any) -> Any:
    """Take a write."""
    response = BatchWriteResponse()
    response.write_results.add()
    response.status.add()
    return response


async def publish(_request: bytes, _context: Any) -> Any:
    """Take a message."""
    return PublishResponse(message_ids=["42"])


class Backends:
    """A store and a publisher, each behind a gateway, and the tokens that those know."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self.store: FirestoreStore
        self.publisher: PubSubPublisher

    async def use(self) -> None:
        """Write and publish."""
        await self.write()
        await self.publish()

    async def write(self) -> None:
        """Write."""
        await self.store.mark(MARK, timeout=LONG)

    async def publish(self) -> None:
        """Publish."""
        assert "42" == await self.publisher.publish(TOPIC, MESSAGE, timeout=LONG)


@asynccontextmanager
async def backends(
    credentials: grpc.ServerCredentials | None, options: Sequence[tuple[str, int]] = ()
) -> AsyncIterator[Backends]:
    """Serve both; without credentials as emulators, whose doors are `webhook`'s."""
    both = Backends()
    if credentials is None:
        both.tokens["owner"] = Token("webhook")
    async with serving(Api(BatchWrite=write, Publish=publish)) as behind:
        gateways = [Gateway(behind, rules, STRICT) for rules in (FIRESTORE, PUBSUB)]
        hosts = []
        for gateway in gateways:
            door = gateway.door(both.tokens, credentials=credentials, options=options)
            hosts.append(f"127.0.0.1:{door}")
        google = Google(PROJECT)
        emulators = hosts if credentials is None else ["", ""]
        second = Channel(google, hosts[1], emulators[1])
        first = Channel(google, hosts[0], emulators[0], second)
        both.store = FirestoreStore(first, STRICT.database_id, STRICT.collection)
        both.publisher = PubSubPublisher(second)
        try:
            yield both
        finally:
            await both.store.close()
            await both.publisher.close()
            for gateway in gateways:
                await asyncio.to_thread(gateway.close)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario."""
    asyncio.run(scenario())


def gives(server: Server, token: str, *, expires_in: float = 3599) -> None:
    """Let the metadata server give out a token."""
    answer = {"access_token": token, "expires_in": expires_in, "token_type": "Bearer"}
    server.answer = (200, json.dumps(answer).encode())


def test_a_token_that_is_known(server: Server, trusting: grpc.ServerCredentials) -> None:
    """The service account's token lets the function write and publish what it is granted."""
    gives(server, "of webhook")

    async def scenario() -> None:
        async with backends(trusting) as both:
            both.tokens["of webhook"] = Token("webhook")
            await both.use()
            with pytest.raises(Unavailable, match="PERMISSION_DENIED"):
                await both.publisher.publish("envybox-spool-dead", MESSAGE, timeout=LONG)

    run(scenario)


def test_a_wrong_token_is_asked_for_anew(server: Server, trusting: grpc.ServerCredentials) -> None:
    """A token that Google does not know costs one call; the next one has a new token."""
    gives(server, "of nobody")

    async def scenario() -> None:
        async with backends(trusting) as both:
            both.tokens["of webhook"] = Token("webhook")
            with pytest.raises(Unavailable, match="UNAUTHENTICATED"):
                await both.store.mark(MARK, timeout=LONG)
            gives(server, "of webhook")
            await both.use()

    run(scenario)


def test_a_token_that_ended_is_not_used(server: Server, trusting: grpc.ServerCredentials) -> None:
    """A token that ended, as while an instance slept, is replaced before it is refused."""
    gives(server, "early", expires_in=11)

    async def scenario() -> None:
        async with backends(trusting) as both:
            both.tokens["early"] = Token("webhook", time.time() + 11)
            both.tokens["late"] = Token("webhook")
            await both.use()
            gives(server, "late")
            both.tokens["early"] = Token("webhook", time.time() - 1)
            with pytest.MonkeyPatch.context() as patch:
                now = time.time
                patch.setattr(time, "time", lambda: now() + 12)
                await both.use()

    run(scenario)


AGES = {
    "GOAWAY": [("grpc.max_connection_age_ms", 50), ("grpc.max_connection_age_grace_ms", 20_000)],
    "closed after idleness": [("grpc.max_connection_idle_ms", 50)],
}


@pytest.mark.parametrize("name", AGES)
def test_connections_that_the_server_ends(name: str) -> None:
    """Connections that Google ends, both at once, cost no call, whether it is busy or idle."""

    async def scenario() -> None:
        async with backends(None, AGES[name]) as both:
            for pause in (0.0, 0.01, 0.1, 0.2) * 10:
                await asyncio.sleep(pause)
                await both.use()

    run(scenario)


def test_calls_as_the_server_ends_connections() -> None:
    """A call in the very moment in which a connection ends hardly ever fails, and once at most.

    What failed costs what any call does that fails: the webhook is spooled, or recovered.
    """
    failed = []

    async def scenario() -> None:
        async with backends(None, AGES["closed after idleness"]) as both:
            for pause in (0.045, 0.05, 0.055, 0.06) * 10:
                await asyncio.sleep(pause)
                for call in (both.write, both.publish):
                    try:
                        await call()
                    except Unavailable as error:
                        failed.append(error)
                        await call()

    run(scenario)
    assert len(failed) <= 4  # of 80; on a busy machine, one of five hundred
