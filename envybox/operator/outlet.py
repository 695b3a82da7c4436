"""Where messages are published to: Pub/Sub, or the embedded backend's log."""

from __future__ import annotations

from typing import Protocol

from envybox.operator.place import Place
from envybox.ports.publish import Message


class Outlet(Protocol):
    """Publishes messages, several at a time."""

    def subscriptions(self, topic: str) -> list[str] | None:
        """Return the names of a topic's subscriptions; None where this user may not see them."""

    def publish(self, messages: list[tuple[str, Message]]) -> list[str]:
        """Publish messages to topics; return for each '' or else why it was not published."""


def open_outlet(place: Place) -> Outlet:
    """Return the outlet of a place."""
    if place.is_local:
        return LocalOutlet(place)
    from envybox.operator.pubsub import PubSubOutlet

    return PubSubOutlet(place.project)


class LocalOutlet:
    """The log of the embedded backend's file."""

    def __init__(self, place: Place) -> None:
        self._settings = place.settings

    def subscriptions(self, topic: str) -> list[str] | None:
        """Return the names of a topic's subscriptions."""
        from envybox.local.subscriptions import names

        return names(self._settings.local_path, topic)

    def publish(self, messages: list[tuple[str, Message]]) -> list[str]:
        """Publish messages, in one transaction or a few."""
        import asyncio

        return asyncio.run(self._publish(messages))

    async def _publish(self, messages: list[tuple[str, Message]]) -> list[str]:
        import asyncio

        from envybox.local import open_backend

        _, publisher = open_backend(self._settings)
        try:
            outcomes = await asyncio.gather(
                *(publisher.publish(topic, message, timeout=30) for topic, message in messages),
                return_exceptions=True,
            )
        finally:
            await publisher.close()
        return [str(one) if isinstance(one, BaseException) else "" for one in outcomes]
