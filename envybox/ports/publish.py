"""The publisher's port: what tells subscribers. Backends: `envybox.google`, `envybox.local`."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A Pub/Sub message: bytes, attributes (text to text), an ordering key or ''."""

    data: bytes
    attributes: dict[str, str]
    ordering_key: str = ""


class Publisher(Protocol):
    """A publisher to topics."""

    async def publish(self, topic: str, message: Message, *, timeout: float) -> str:
        """Publish to a topic (`envybox-call-result`) and return the message's id.

        Ends within `timeout` seconds. Raises `Unavailable` when it could not be done
        now (it may have taken effect all the same), of which `CallRefused` is an answer at
        once, about this topic or this message: others may be taken. `Rejected` when the
        backend knows that it is this message.
        """

    async def close(self) -> None:
        """Let go of connections, threads and files."""
