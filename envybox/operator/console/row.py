"""An event in a line: who, what, where from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from envybox.event import Chat, Event
from envybox.ports.lookup import Found, place


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of an event. Texts are as they came: a template makes them harmless."""

    id: str
    place: str
    at: datetime
    type: str
    who: str
    more: str
    state: str
    seconds: int | None
    said: str
    site: str
    path: str
    source: str
    warnings: int
    pending: bool


def row_of(found: Found) -> Row:
    """Return an event's line."""
    event = found.event
    visitor, call, page = event.visitor, event.call, event.page
    reached = (visitor.name, visitor.phone or visitor.phone_text, visitor.email)
    names = [one for one in reached if one]
    return Row(
        id=event.id,
        place=" ".join(place(found)),
        at=event.received_at,
        type=event.type,
        who=names[0] if names else "",
        more=" · ".join(names[1:]) or (visitor.city or visitor.place or ""),
        state=(call and call.state) or "",
        seconds=call.duration_seconds or None if call else None,
        said=_said(event),
        site=page.site or "",
        path=_path(page.url),
        source=_source(event),
        warnings=len(event.warnings),
        pending=found.publish.state == "pending",
    )


def _said(event: Event) -> str:
    if event.call:
        return "" if event.call.state not in (None, "other") else event.call.state_text or ""
    chat = event.chat or Chat()
    spoken = (entry.text for entry in chat.transcript if entry.kind == "person")
    return chat.message or next(spoken, "") or _answers(event.custom_data)


def _answers(data: Any) -> str:
    """Return the answers of a quiz, as far as they are text: a widget's owner names its fields."""
    if isinstance(data, dict):
        inner = next((value for value in data.values() if isinstance(value, dict)), data)
        return ", ".join(value for value in inner.values() if isinstance(value, str))
    return ""


def _path(url: str | None) -> str:
    """Return an address without scheme, host and parameters."""
    address = (url or "").split("://", 1)[-1]
    _, slash, path = address.partition("/")
    return slash + path.split("?")[0].split("#")[0] if path else ""


def _source(event: Event) -> str:
    utm = event.utm
    named = [one for one in (utm.source, utm.medium, utm.campaign) if one]
    return " / ".join(named) or event.page.referrer or ""
