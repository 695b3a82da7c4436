"""An event as a person or a program reads it."""

from __future__ import annotations

from typing import Any

import msgspec

from envybox.event import Event
from envybox.operator.place import Place
from envybox.operator.safe import json_line, plain
from envybox.ports.lookup import Found
from envybox.webhook import decode_raw


def as_json(found: Found) -> str:
    """Return an event whole, as one line of JSON: its fields, and those of the store."""
    document = {
        **msgspec.structs.asdict(found.event),
        "raw": fields_of(found),
        "publish": found.publish,
        "expire_at": found.expire_at,
        "normalizer": found.normalizer,
        "erased_at": found.erased_at,
    }
    try:
        return json_line(msgspec.json.encode(document).decode())
    except UnicodeEncodeError:  # a lone surrogate, which raw may have
        import json

        return json.dumps(msgspec.to_builtins(document))


def fields_of(found: Found) -> Any:
    """Return the fields as received, or their text where somebody changed it."""
    try:
        return decode_raw(found.raw)
    except ValueError:
        return found.raw


def subject(event: Event) -> str:
    """Return what an event is about, in short: `call 6002540`, `chat 7`, `visitor 8`."""
    if event.call and event.call.id:
        return f"call {plain(event.call.id)}"
    if event.chat and event.chat.id:
        return f"chat {plain(event.chat.id)}"
    return f"visitor {plain(event.visitor.id)}" if event.visitor.id else ""


def line(place: Place, found: Found) -> str:
    """Return an event as a line: time, type, state, subject, site, who, its id; what is odd."""
    event = found.event
    visitor = event.visitor
    who = visitor.phone or visitor.phone_text or visitor.email or visitor.name or ""
    marks = [f"{len(event.warnings)} warning{'s' * (len(event.warnings) > 1)}"] * bool(
        event.warnings
    )
    if found.publish.state != "published":
        attempts = found.publish.attempts
        marks.append(f"pending after {attempts} attempts" if attempts else "pending")
    columns = (
        (place.time(event.received_at), 19),
        (event.type, 14),
        ((event.call and event.call.state) or "", 18),
        (subject(event), 16),
        (plain(event.page.site or ""), 20),
        (plain(who), 16),
        (event.id, 32),
    )
    text = "  ".join(text.ljust(width) for text, width in columns)
    return f"{text}  {', '.join(marks)}".rstrip()
