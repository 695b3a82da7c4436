"""The shapes in which an event comes, told apart by what they have, not by their class.

So nothing of Google's is imported, and a stand-in in a test is as good as the real thing.
Sources: https://cloud.google.com/pubsub/docs/push,
https://cloud.google.com/pubsub/docs/payload-unwrapping,
https://cloud.google.com/pubsub/docs/bigquery, and functions-framework's own conversion of
a push into a CloudEvent.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from envybox.errors import NotAnEvent

_METADATA = "x-goog-pubsub-"
_DEPTH = 8
"""How many wrappings there may be; a request with a push of a message of an event is four."""

_HEADERS = frozenset({"account", "call_state", "event_id", "replay", "replay-again",
    "schema_version", "site", "type", "webhooktype"})  # fmt: skip
"""The message's attributes that come as headers, beside `ce-…`; others are the request's."""


class Found(msgspec.Struct):
    """The event as JSON has it (its times may be datetimes), and how it came."""

    event: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    message_id: str | None = None
    attempt: int | None = None


def find(source: Any, headers: Mapping[str, str] | None) -> Found:
    """Return the event within what was given, and how it came.

    Raises `NotAnEvent`; others (`TypeError`, `KeyError`, …) come from an object that is not
    what it looks like.
    """
    found = Found()
    for _ in range(_DEPTH):
        if isinstance(source, dict) and "schema_version" in source:
            found.event = source
            return _with_headers(found, headers)
        headers = headers or getattr(source, "headers", None)
        source = _unwrapped(source, found)
    raise NotAnEvent("wrapped too often")


def _unwrapped(source: Any, found: Found) -> Any:
    """Return what is in this wrapping; what the wrapping says goes into `found`."""
    if isinstance(source, bytes | bytearray | memoryview | str):
        return _json(source)
    if isinstance(source, dict):
        return _of_dict(source, found)
    if hasattr(source, "__await__"):
        raise NotAnEvent("`await` it first")
    for name, read in _OBJECTS.items():
        if hasattr(source, name):
            return read(source, found)
    raise NotAnEvent


def _json(text: bytes | bytearray | memoryview | str) -> Any:
    """Return the object in JSON text, or in base64 of such text."""
    octets = text.encode() if isinstance(text, str) else bytes(text)
    if octets.lstrip()[:1] != b"{":
        try:
            octets = base64.b64decode(octets, validate=True)
        except ValueError:
            raise NotAnEvent("neither a JSON object nor base64 of one") from None
    try:
        return msgspec.json.decode(octets, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotAnEvent("no JSON object is in it") from None


def _of_dict(source: dict[Any, Any], found: Found) -> Any:
    if "spool_version" in source:
        raise NotAnEvent("a message of the spool topic, which is for `recover` alone")
    if "message" in source:  # a push, or a pulled message as REST has it
        found.attempt = source.get("deliveryAttempt", source.get("delivery_attempt"))
        return source["message"]
    if "data" in source:  # a message, a CloudEvent in JSON, a row of BigQuery
        _note(found, source.get("attributes"), source.get("messageId", source.get("message_id")))
        return _data(source["data"])
    if "data_base64" in source:  # CloudEvents' JSON, where the data is bytes
        return _data(source["data_base64"])
    for column in ("event", "document"):  # a row of the embedded backend
        if column in source:
            return source[column]
    raise NotAnEvent


def _data(data: Any) -> Any:
    if data is None or (isinstance(data, bytes | str) and not data):
        raise NotAnEvent("a message without data")
    return data


def _note(found: Found, attributes: Any, message_id: Any) -> None:
    """Keep what a message says of itself; the innermost wrapping that says it has it right."""
    if isinstance(attributes, str):
        attributes = _json(attributes)  # BigQuery's column of JSON, which clients give as text
    if isinstance(attributes, Mapping):
        found.attributes = {str(name): str(value) for name, value in attributes.items()}
    found.message_id = found.message_id if message_id is None else str(message_id)


def _of_request(source: Any, _: Found) -> Any:
    return source.get_data()


def _of_body(source: Any, _: Found) -> Any:
    if callable(source.body):
        raise NotAnEvent(
            "its body has to be awaited: `read_event(await request.body(), request.headers)`"
        )
    return source.body


def _of_snapshot(source: Any, _: Found) -> Any:
    document = source.to_dict()
    if document is None:
        raise NotAnEvent("the document does not exist")
    return document


def _of_cloud_event(source: Any, found: Found) -> Any:
    named = source.get_attributes()
    _note(found, {f"ce-{name}": value for name, value in named.items()}, None)
    return _data(source.data if hasattr(source, "data") else source.get_data())


def _of_received(source: Any, found: Found) -> Any:
    found.attempt = getattr(source, "delivery_attempt", None) or None  # protobuf's 0: not told
    found.message_id = getattr(source, "message_id", None)
    return source.message


def _of_message(source: Any, found: Found) -> Any:
    found.attempt = getattr(source, "delivery_attempt", found.attempt)
    _note(found, source.attributes, getattr(source, "message_id", None))
    return _data(source.data)


def _of_row(source: Any, _: Found) -> Any:
    return {name: source[name] for name in source.keys()}  # noqa: SIM118  # a row iterates values


# In this order: a CloudEvent has `get_data` too, a request of Starlette's is a mapping.
_OBJECTS = {
    "get_attributes": _of_cloud_event,
    "get_data": _of_request,
    "body": _of_body,
    "to_dict": _of_snapshot,
    "message": _of_received,
    "attributes": _of_message,
    "keys": _of_row,
}


def _with_headers(found: Found, headers: Mapping[str, str] | None) -> Found:
    """Add what an unwrapped push has in its headers; a wrapped one says it itself."""
    if headers and found.message_id is None:
        named = {name.lower(): value for name, value in headers.items()}
        attributes = {
            name: value
            for name, value in named.items()
            if name in _HEADERS or name.startswith("ce-")
        }
        found.attributes = {**found.attributes, **attributes}
        found.message_id = named.get(_METADATA + "message-id")
        attempt = named.get(_METADATA + "delivery-attempt", "")
        found.attempt = int(attempt) if attempt.isdecimal() else None
    return found
