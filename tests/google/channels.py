"""A channel to an API of these tests, and a call on it."""

from __future__ import annotations

import asyncio
from typing import Any

from envybox.google.channel import Channel, routing
from envybox.google.credentials import Google
from tests.official import PublishRequest, PublishResponse

PATH = "/google.pubsub.v1.Publisher/Publish"
REQUEST = PublishRequest(topic="projects/example/topics/a")
NOWHERE = "192.0.2.1:443"
LONG = 20.0


async def publish(channel: Channel, *, timeout: float = LONG, request: Any = REQUEST) -> Any:
    """Make a call."""
    return await channel.unary(
        PATH, request, PublishResponse, headers=routing(topic="a"), timeout=timeout
    )


def emulated(address: str) -> Channel:
    """Return a channel to an emulator."""
    return Channel(Google("example"), NOWHERE, address)


async def answer(request: bytes, _context: Any) -> Any:
    """Answer with the request's topic."""
    return PublishResponse(message_ids=[PublishRequest.FromString(request).topic])


async def hang(_request: bytes, _context: Any) -> None:
    """Never answer."""
    await asyncio.Event().wait()
