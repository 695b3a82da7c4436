"""The spool's messages: webhooks that wait in Pub/Sub while the database is down."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import msgspec

from envybox.errors import Malformed
from envybox.publish import Message
from envybox.webhook import Webhook, decode_raw, encode_raw


class _Envelope(msgspec.Struct, frozen=True):
    """Pub/Sub's push request, as far as it matters here."""

    message: _PushedMessage


class _PushedMessage(msgspec.Struct, frozen=True):
    data: str = ""
    attributes: dict[str, str] = {}


class _Spooled(msgspec.Struct, frozen=True):
    spool_version: int
    account: str
    received_at: datetime
    fields: msgspec.Raw


_SPOOL_VERSION = 1


def encode(webhook: Webhook) -> Message:
    """Return the message that keeps a webhook whole: JSON that an operator can read."""
    head = {
        "spool_version": _SPOOL_VERSION,
        "account": webhook.account,
        "received_at": webhook.received_at,
        "fields": msgspec.Raw(encode_raw(webhook.fields).encode()),
    }
    return Message(data=msgspec.json.encode(head), attributes={"account": webhook.account})


def open_envelope(body: bytes) -> Message:
    """Return the message of a Pub/Sub push request.

    Raises `Malformed` where the body is none.
    """
    try:
        message = msgspec.json.decode(body, type=_Envelope).message
        data = base64.b64decode(message.data, validate=True)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Malformed("not a Pub/Sub push request") from error
    return Message(data=data, attributes=message.attributes)


def decode(message: Message) -> Webhook:
    """Return the webhook of a spool message.

    Raises `Malformed` where it is none: it never will be, however often it comes.
    """
    try:
        spooled = msgspec.json.decode(message.data, type=_Spooled)
        fields = decode_raw(bytes(spooled.fields).decode())
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise Malformed("not a spooled webhook") from error
    if spooled.spool_version != _SPOOL_VERSION or spooled.received_at.tzinfo is None:
        raise Malformed("not a spooled webhook of version 1")
    return Webhook(
        account=spooled.account,
        received_at=spooled.received_at.astimezone(UTC),
        fields=fields,
    )
