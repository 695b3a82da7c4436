"""The spool's messages: webhooks that wait in Pub/Sub while the database is down."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.ports.publish import Message
from envybox.receiver.message import MAX_ATTRIBUTES
from envybox.receiver.normalize.text import replace_surrogates
from envybox.webhook import Fields, Webhook, encode_raw


class _Envelope(msgspec.Struct, frozen=True):
    """Pub/Sub's push request, as far as it matters here."""

    message: _PushedMessage


class _PushedMessage(msgspec.Struct, frozen=True):
    data: str = ""
    attributes: dict[str, str] = {}


class _Spooled(msgspec.Struct, frozen=True):
    spool_version: Literal[1]
    account: str
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    fields: Fields
    warnings: tuple[FieldWarning, ...] = ()


def encode(webhook: Webhook) -> Message:
    """Return the message that keeps a webhook whole: JSON that an operator can read."""
    head = {
        "spool_version": 1,
        "account": webhook.account,
        "received_at": webhook.received_at,
        "fields": msgspec.Raw(encode_raw(webhook.fields).encode()),
        "warnings": [FieldWarning(replace_surrogates(w.field), w.reason) for w in webhook.warnings],
    }
    return Message(data=msgspec.json.encode(head), attributes={"account": webhook.account})


def open_envelope(body: bytes) -> Message:
    """Return the message of a Pub/Sub push request.

    Raises `Malformed` where the body is none.
    """
    try:
        message = msgspec.json.decode(body, type=_Envelope).message
        data = base64.b64decode(message.data, validate=True)
    except (ValueError, RecursionError) as error:
        raise Malformed("not a Pub/Sub push request") from error
    return Message(data=data, attributes=message.attributes)


def decode(message: Message) -> Webhook:
    """Return the webhook of a spool message.

    Raises `Malformed` where it is none: it never will be, however often it comes.
    """
    try:
        spooled = _decode(message.data)
        received_at = spooled.received_at.astimezone(UTC)
        spooled.account.encode()  # a lone surrogate is no account of ours
    except (ValueError, OverflowError, RecursionError) as error:
        raise Malformed("not a spooled webhook of version 1") from error
    return Webhook(
        account=spooled.account,
        received_at=received_at,
        fields=spooled.fields,
        warnings=spooled.warnings,
    )


def dead_letter(message: Message, reason: str) -> Message:
    """Return the message as it goes to the dead letters: whole, with the reason beside it.

    Of its attributes as many as Pub/Sub takes: none with its own prefix.
    """
    kept = [one for one in message.attributes.items() if not one[0].startswith("goog")]
    attributes = {**dict(kept[: MAX_ATTRIBUTES - 1]), "reason": reason}
    return Message(data=message.data, attributes=attributes)


def _decode(data: bytes) -> _Spooled:
    try:
        return msgspec.json.decode(data, type=_Spooled)
    except ValueError:
        import json  # msgspec refuses the escape of a lone surrogate, this does not

        return msgspec.convert(json.loads(data.decode()), _Spooled)
