"""What a Publish may hold. The emulator looks at none of it but empty messages and 10 MB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment

MAX_BYTES = 10_000_000
MAX_MESSAGES = 1000
MAX_ATTRIBUTES = 100
MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 1024
MAX_ORDERING_KEY_BYTES = 1024


def _each(check: Callable[[Any], str | None]) -> Callable[[Call, Deployment], str | None]:
    """Return a rule's check that looks at each message."""

    def checks(call: Call, _deployment: Deployment) -> str | None:
        if call.method != "Publish":
            return None
        return next(filter(None, map(check, call.request.messages)), None)

    return checks


def _size(call: Call, _deployment: Deployment) -> str | None:
    if call.size <= MAX_BYTES:
        return None
    return (
        f"The value for {call.size} is too large. You passed request_size in the request, "
        f"but the maximum value is {MAX_BYTES}."
    )


def _count(call: Call, _deployment: Deployment) -> str | None:
    if call.method != "Publish" or 0 < len(call.request.messages) <= MAX_MESSAGES:
        return None
    return (
        f"The value for message_count is {len(call.request.messages)}. "
        f"There must be 1 to {MAX_MESSAGES}."
    )


def _one_ordering_key(call: Call, _deployment: Deployment) -> str | None:
    if call.method != "Publish" or len({one.ordering_key for one in call.request.messages}) == 1:
        return None
    return (
        "In a single publish request, all messages must have no ordering key or they must all "
        "have the same ordering key. [code=539b]"
    )


def _not_empty(message: Any) -> str | None:
    if message.data or message.attributes:
        return None
    return "One or more messages in the publish request is empty."


def _ordering_key(message: Any) -> str | None:
    if len(message.ordering_key.encode()) <= MAX_ORDERING_KEY_BYTES:
        return None
    return f"The ordering key is too long: the maximum is {MAX_ORDERING_KEY_BYTES} bytes."


def _attributes(message: Any) -> str | None:
    if len(message.attributes) <= MAX_ATTRIBUTES:
        return None
    return f"The request has too many attributes: the maximum is {MAX_ATTRIBUTES}."


def _keys(message: Any) -> str | None:
    for key in message.attributes:
        if not key or key.startswith("goog"):
            return f'The attribute key "{key[:50]}" is empty or reserved.'
        if len(key.encode()) > MAX_KEY_BYTES:
            return _too_long("", "a key", len(key.encode()), MAX_KEY_BYTES)
    return None


def _values(message: Any) -> str | None:
    for key, value in message.attributes.items():
        if len(value.encode()) > MAX_VALUE_BYTES:
            return _too_long(key, "a value", len(value.encode()), MAX_VALUE_BYTES)
    return None


def _too_long(key: str, what: str, length: int, most: int) -> str:
    return (
        f'The attribute "{key}" in the request has {what} that is too long. The length is '
        f"{length} characters, but the maximum allowed is {most}. "
        "Refer to https://cloud.google.com/pubsub/quotas for more information."
    )


_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_QUOTAS = "https://docs.cloud.google.com/pubsub/quotas#resource_limits"

RULES = (
    Rule(
        "A `Publish` has no more than 10 MB",
        _INVALID,
        "https://github.com/googleapis/google-cloud-python/issues/5898",
        _size,
    ),
    Rule("A `Publish` has 1 to 1,000 messages", _INVALID, _QUOTAS, _count),
    Rule(
        "The messages of a `Publish` have one ordering key",
        grpc.StatusCode.FAILED_PRECONDITION,
        "https://github.com/yoshidan/google-cloud-rust/issues/226",
        _one_ordering_key,
    ),
    Rule(
        "A message has data or attributes",
        _INVALID,
        "https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/PubsubMessage",
        _each(_not_empty),
    ),
    Rule(
        "An ordering key has no more than 1,024 bytes",
        _INVALID,
        "https://docs.cloud.google.com/pubsub/docs/ordering",
        _each(_ordering_key),
    ),
    Rule("A message has no more than 100 attributes", _INVALID, _QUOTAS, _each(_attributes)),
    Rule(
        "An attribute's key has 1 to 256 bytes and does not begin with `goog`",
        _INVALID,
        "https://github.com/googleapis/java-pubsub/issues/2312",
        _each(_keys),
    ),
    Rule(
        "An attribute's value has no more than 1,024 bytes",
        _INVALID,
        "https://github.com/snowplow/enrich/issues/485",
        _each(_values),
    ),
)
