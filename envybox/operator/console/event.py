"""The page of one event: as received, as normalized, as published; and what it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from envybox.event import Event
from envybox.operator.console import curl
from envybox.operator.console.desk import Desk
from envybox.operator.console.row import Row, row_of
from envybox.operator.console.view import View, json_response
from envybox.ports.lookup import Filters, Found, Lookup
from envybox.receiver import message
from envybox.webhook import Fields, decode_raw

RELATED = 100
"""How many events of the same call, chat or visitor are shown, the latest ones."""

MOST_OF_A_COMMAND = 100_000
"""The longest `curl` line that is shown: Linux takes no argument over 128 kB."""

_ID = re.compile("[0-9a-f]{32}")
_HEAD = frozenset({"id", "schema_version", "warnings"})


class Done(NamedTuple):
    """What came of something that was done: how, in words, and an event to look at ('': none)."""

    well: bool
    text: str
    event_id: str = ""


def page(request: Request) -> Response:
    """Return the page of an event."""
    return drawn(request, found_of(request)[1])


def drawn(request: Request, found: Found, done: Done | None = None, url: str = "") -> Response:
    """Return the page of an event, with what came of what was `done`; `url`: replay's, again."""
    desk: Desk = request.app.state.desk
    event = found.event
    fields = fields_of(found)
    command = curl.command(desk.receiver or "https://RECEIVER", fields)
    return View.of(request).page(
        "event.html",
        found=found,
        event=event,
        done=done,
        url=url,
        fields=fields,
        reasons=_reasons(event),
        normalized=_grouped(event),
        message=None if found.erased_at else message.of_event(event),
        topic=found.publish.topic,
        story=_related(desk.lookup, event),
        keys=_keys(event),
        curl=command if len(command) <= MOST_OF_A_COMMAND else "",
    )


def twin(request: Request) -> Response:
    """Return an event as JSON: what the store has, whole."""
    _, found = found_of(request)
    return json_response(
        {
            "event": found.event,
            "raw": fields_of(found),
            "publish": found.publish,
            "expire_at": found.expire_at,
            "erased_at": found.erased_at,
        }
    )


def found_of(request: Request) -> tuple[Desk, Found]:
    """Return the desk, and the event that the path names. Raises `HTTPException`."""
    desk: Desk = request.app.state.desk
    id_ = request.path_params["id"]
    found = desk.lookup.get(id_) if _ID.fullmatch(id_) else None
    if found is None:
        raise HTTPException(404)
    return desk, found


def fields_of(found: Found) -> Fields:
    """Return the fields as received; one with all of it where somebody changed that by hand."""
    try:
        return decode_raw(found.raw)
    except ValueError:  # somebody changed it by hand
        return [("raw", found.raw)]


def _reasons(event: Event) -> dict[str, list[str]]:
    """Return the warnings of each field; those of none are the event's own."""
    reasons: dict[str, list[str]] = {}
    for warning in event.warnings:
        reasons.setdefault(warning.field, []).append(warning.reason)
    return reasons


def _grouped(event: Event) -> dict[str, list[tuple[str, Any]]]:
    """Return what the event has, without what is empty: group → names and values."""
    told = msgspec.to_builtins(event)
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name, value in told.items():
        if name in _HEAD:
            continue
        rows = list(_flat("", value))
        if rows:
            groups.setdefault("" if not rows[0][0] else name, []).extend(
                (path or name, inner) for path, inner in rows
            )
    return groups


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif value is not None:
        yield path, value


def _keys(event: Event) -> dict[str, str]:
    """Return what the event belongs to: `call`, `chat`, `visitor` and their ids."""
    ids = {
        "call": event.call and event.call.id,
        "chat": event.chat and event.chat.id,
        "visitor": event.visitor.id,
    }
    return {name: id_ for name, id_ in ids.items() if id_}


def _related(lookup: Lookup, event: Event) -> list[Row]:
    """Return all that shares the event's call, chat or visitor, the event too, oldest first."""
    found: dict[str, Found] = {}
    for name, id_ in _keys(event).items():
        filters = msgspec.convert({name: id_, "account": event.account}, Filters)
        for one in lookup.page(filters, limit=RELATED).events:
            found[one.event.id] = one
    return sorted(map(row_of, found.values()), key=lambda row: (row.at, row.id))
