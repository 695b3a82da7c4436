from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Unavailable
from envybox.google.channel import Channel
from envybox.google.credentials import CREDENTIALS_SECONDS, Google
from envybox.google.pubsub import PubSubPublisher
from envybox.ports.publish import Message
from envybox.receiver.message import of_event
from tests.google.default import Default
from tests.google.server import Api, serving
from tests.official import PublishRequest, PublishResponse
from tests.samples import HELP_PAGE, event_of

TOPIC = "envybox-call-result"


def publisher_at(address: str) -> PubSubPublisher:
    """Return a publisher to a server."""
    return PubSubPublisher(Channel(Google("example"), "", address))


def test_publish() -> None:
    """A message goes to its topic in the project as it is, and its id comes back."""

    async def scenario() -> None:
        requests = []

        async def publish(request: bytes, _context: Any) -> Any:
            requests.append(PublishRequest.FromString(request))
            return PublishResponse(message_ids=["42"])

        message = of_event(event_of(HELP_PAGE))
        api = Api(Publish=publish)
        async with serving(api) as address:
            publisher = publisher_at(address)
            assert await publisher.publish(TOPIC, message, timeout=20) == "42"
            await publisher.close()
        (request,) = requests
        (sent,) = request.messages
        topic = f"projects/example/topics/{TOPIC}"
        assert (topic, "/google.pubsub.v1.Publisher/Publish") == (request.topic, api.paths[0])
        assert f"topic={topic}" == api.metadata[0]["x-goog-request-params"]
        assert message == Message(
            data=sent.data, attributes=dict(sent.attributes), ordering_key=sent.ordering_key
        )

    asyncio.run(scenario())


def test_topics() -> None:
    """Each message goes to its own topic, its header too, and again to one that was known."""

    async def scenario() -> None:
        topics = []

        async def publish(request: bytes, _context: Any) -> Any:
            topics.append(PublishRequest.FromString(request).topic)
            return PublishResponse(message_ids=["42"])

        message = of_event(event_of(HELP_PAGE))
        api = Api(Publish=publish)
        async with serving(api) as address:
            publisher = publisher_at(address)
            for topic in (TOPIC, "envybox-spool", TOPIC):
                await publisher.publish(topic, message, timeout=20)
            await publisher.close()
        names = [f"projects/example/topics/{name}" for name in (TOPIC, "envybox-spool", TOPIC)]
        assert names == topics
        assert [f"topic={name}" for name in names] == [
            metadata["x-goog-request-params"] for metadata in api.metadata
        ]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidCall),
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.PERMISSION_DENIED, CallRefused),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Unavailable),
    ],
)
def test_refused(code: grpc.StatusCode, error: type[Exception]) -> None:
    """A call that is refused is told from a topic that is missing, forbidden or full."""

    async def scenario() -> None:
        async def publish(_request: bytes, context: Any) -> None:
            await context.abort(code)

        async with serving(Api(Publish=publish)) as address:
            publisher = publisher_at(address)
            with pytest.raises(error, match=code.name):
                await publisher.publish(TOPIC, Message(data=b"x", attributes={}), timeout=20)
            await publisher.close()

    asyncio.run(scenario())


def test_asking_for_the_project_is_the_calls_time(default: Default) -> None:
    """Where the runtime has to be asked for the project, and is slow, a call ends in time."""
    default.gate.clear()

    async def scenario() -> None:
        publisher = PubSubPublisher(Channel(Google(""), "192.0.2.1:443", ""))
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
            await publisher.publish(TOPIC, Message(data=b"x", attributes={}), timeout=0.05)
        assert time.monotonic() - started < CREDENTIALS_SECONDS / 2
        default.gate.set()
        await publisher.close()

    asyncio.run(scenario())


def test_asking_for_the_project_leaves_less_time(default: Default) -> None:
    """What asking for the project took is no longer the call's to spend."""
    default.takes = 0.2

    async def scenario() -> None:
        left = await Channel(Google(""), "192.0.2.1:443", "").ready(20)
        assert left <= 20 - 2 * default.takes  # it is asked for credentials, then a token

    asyncio.run(scenario())
