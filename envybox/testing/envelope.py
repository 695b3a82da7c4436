"""A push request as Pub/Sub makes it, of a message: `make run PUSH=…` posts these bytes too."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from envybox.ports.publish import Message


class PushRequest(NamedTuple):
    """A POST: its body and its headers."""

    body: bytes
    headers: dict[str, str]


class Sent(NamedTuple):
    """What Pub/Sub says of a message: its id, when it took it (RFC 3339), to whom it goes."""

    message_id: str
    publish_time: str
    subscription: str


def wrapped(message: Message, sent: Sent, *, attempt: int | None = None) -> PushRequest:
    """Return the request of a push subscription: both spellings of its names, as Pub/Sub has it.

    `attempt` counts the deliveries; Pub/Sub tells it where there is a dead-letter topic.
    Source: https://cloud.google.com/pubsub/docs/push#receive_push
    """
    inner: dict[str, Any] = {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "messageId": sent.message_id,
        "message_id": sent.message_id,
        "publishTime": sent.publish_time,
        "publish_time": sent.publish_time,
    }
    if message.ordering_key:
        inner["orderingKey"] = message.ordering_key
    body: dict[str, Any] = {"message": inner, "subscription": sent.subscription}
    if attempt is not None:
        body["deliveryAttempt"] = attempt
    return PushRequest(json.dumps(body).encode(), {"content-type": "application/json"})


def unwrapped(message: Message, sent: Sent) -> PushRequest:
    """Return the request of a subscription without the wrapper, with metadata as headers.

    Source: https://cloud.google.com/pubsub/docs/payload-unwrapping
    """
    headers = {
        **message.attributes,
        "x-goog-pubsub-subscription-name": sent.subscription,
        "x-goog-pubsub-message-id": sent.message_id,
        "x-goog-pubsub-publish-time": sent.publish_time,
    }
    if message.ordering_key:
        headers["x-goog-pubsub-ordering-key"] = message.ordering_key
    return PushRequest(message.data, headers)
