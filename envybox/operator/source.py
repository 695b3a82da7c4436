"""What a source of messages gives, whichever place it follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from envybox.ports.publish import Message

POLL_SECONDS = 0.25
"""How long a source waits before it says that nothing came."""


class Came(NamedTuple):
    """A message that came: its Pub/Sub id, when it was published (RFC 3339)."""

    message: Message
    message_id: str
    publish_time: str


Source = Iterator[Came | None]
"""Messages as they come, and None now and then where nothing does."""
