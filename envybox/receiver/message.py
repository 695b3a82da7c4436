"""The Pub/Sub message of an event: its data, attributes and ordering key.

An unwrapped push makes headers of the attributes, and headers hold ASCII.
"""

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
_HOST = re.compile(r"[\w.-]{1,253}")
_SAFE = "!#$&'()*+,/:;<=>?@[\\]^`{|}~"
"""What stays as it is in text that is percent-encoded: all of ASCII that CloudEvents lets be.

Source: the CloudEvents HTTP binding, 3.1.3.2, on header values
"""


def of_event(event: Event) -> Message:
    """Return the message that tells subscribers of an event.

    Attributes are for filters (`event_id`, `type`, …) and CloudEvents' binary mode
    (`ce-…`); empty ones are left out, long ones cut. All are ASCII: a site is in its IDNA
    form (`xn--…`), other text percent-encoded.
    """
    subject = event.subject or ""
    site = _site(event.page.site or "")
    source = f"//envybox/{quote(event.account)}" + (f"/{quote(site)}" if site else "")
    attributes = {
        "event_id": event.id,
        "type": event.type,
        "webhooktype": "" if event.webhooktype is None else str(event.webhooktype),
        "account": event.account,
        "site": site,
        "call_state": (event.call and event.call.state) or "",
        "schema_version": str(event.schema_version),
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": f"io.envybox.{event.type}.v{event.schema_version}",
        "ce-source": _CUT_ESCAPE.sub("", _cut(source)),
        "ce-time": _rfc3339(event),
        "ce-subject": subject,
        "content-type": "application/json",
    }
    return Message(
        data=encode(event),
        attributes=_plain(attributes),
        ordering_key=_cut(subject.partition("/")[2]),
    )


def _rfc3339(event: Event) -> str:
    return (event.occurred_at or event.received_at).isoformat().replace("+00:00", "Z")


def _site(site: str) -> str:
    """Return a site by IDNA where it is a host that is not ASCII, else as it is."""
    host = site.strip()
    if site.isascii() or not _HOST.fullmatch(host):
        return site
    try:
        return host.encode("idna").decode()
    except UnicodeError:  # a label that is empty, or too long
        return site


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes as Pub/Sub and headers may hold them; of most nothing changes."""
    filled = {name: text for name, text in attributes.items() if text}
    texts = "".join(filled.values())
    if texts.isascii() and texts.isprintable() and len(texts) <= MAX_BYTES:
        return filled
    return {name: _attribute(text) for name, text in filled.items()}


def _attribute(text: str) -> str:
    """Return text as an attribute may hold it: printable ASCII, cut between characters."""
    if text.isascii() and text.isprintable():
        return text[:MAX_BYTES]
    encoded = ""
    for character in text:
        piece = quote(character, safe=_SAFE)
        if len(encoded) + len(piece) > MAX_BYTES:
            break
        encoded += piece
    return encoded


def _cut(text: str) -> str:
    if len(text) * 4 <= MAX_BYTES:
        return text
    return text.encode()[:MAX_BYTES].decode(errors="ignore")
