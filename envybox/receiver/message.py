"""The Pub/Sub message of an event: its data, attributes and ordering key."""

from __future__ import annotations

import re
from urllib.parse import quote

from envybox.event import Event, encode
from envybox.ports.publish import Message

MAX_BYTES = 1024
"""Pub/Sub's limit of an attribute's value and of an ordering key, in bytes of UTF-8.

Source: https://cloud.google.com/pubsub/quotas#resource_limits
"""

MAX_ATTRIBUTES = 100
"""Pub/Sub's limit of a message (from the same page)."""

_CUT_ESCAPE = re.compile(r"%[0-9A-F]?$")


def of_event(event: Event) -> Message:
    """Return the message that tells subscribers of an event.

    Attributes are for filters (`event_id`, `type`, …) and CloudEvents' binary mode
    (`ce-…`); empty ones are left out, long ones cut.
    """
    subject = _subject(event)
    site = event.page.site
    source = f"//envybox/{quote(event.account)}" + (f"/{quote(site)}" if site else "")
    attributes = {
        "event_id": event.id,
        "type": event.type,
        "webhooktype": "" if event.webhooktype is None else str(event.webhooktype),
        "account": event.account,
        "site": site or "",
        "call_state": (event.call and event.call.state) or "",
        "schema_version": str(event.schema_version),
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": f"io.envybox.{event.type}.v{event.schema_version}",
        "ce-source": _CUT_ESCAPE.sub("", _cut(source)),
        "ce-time": _rfc3339(event),
        "ce-subject": "/".join(subject),
        "content-type": "application/json",
    }
    return Message(
        data=encode(event),
        attributes={name: _cut(value) for name, value in attributes.items() if value},
        ordering_key=_cut(subject[1]) if subject else "",
    )


def _subject(event: Event) -> tuple[str, str] | tuple[()]:
    """Return what the event is about: a call, else a chat, else a visitor, else nothing."""
    if event.call and event.call.id:
        return "call", event.call.id
    if event.chat and event.chat.id:
        return "chat", event.chat.id
    if event.visitor.id:
        return "visitor", event.visitor.id
    return ()


def _rfc3339(event: Event) -> str:
    return (event.occurred_at or event.received_at).isoformat().replace("+00:00", "Z")


def _cut(text: str) -> str:
    if len(text) * 4 <= MAX_BYTES:
        return text
    return text.encode()[:MAX_BYTES].decode(errors="ignore")
