"""The publisher on Pub/Sub.

One call a message: all messages of a call must have the same ordering key
(FAILED_PRECONDITION otherwise; the emulator does not mind), and here each has its own
call's, chat's or visitor's.
"""

from __future__ import annotations

from envybox.google.channel import Channel, routing
from envybox.google.credentials import Headers
from envybox.google.messages import PublishRequest, PublishResponse
from envybox.ports.publish import Message

_PUBLISH = "/google.pubsub.v1.Publisher/Publish"


class PubSubPublisher:
    """Publishes to topics of the project; see `envybox.ports.publish.Publisher`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._routing: dict[str, tuple[str, Headers]] = {}

    async def publish(self, topic: str, message: Message, *, timeout: float) -> str:
        """Publish and return the message's id; see the port."""
        routed = self._routing.get(topic)
        if routed is None:
            timeout = await self._channel.ready(timeout)
            name = f"projects/{await self._channel.project()}/topics/{topic}"
            routed = self._routing[topic] = name, routing(topic=name)
        name, headers = routed
        request = PublishRequest(topic=name)
        request.messages.add(
            data=message.data, attributes=message.attributes, ordering_key=message.ordering_key
        )
        response = await self._channel.unary(
            _PUBLISH,
            request,
            PublishResponse,
            headers=headers,
            timeout=timeout,
        )
        message_id: str = response.message_ids[0]
        return message_id

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()
