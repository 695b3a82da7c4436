"""`envybox event`: shows one event whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
import msgspec

from envybox.event import Event
from envybox.operator.group import Command
from envybox.operator.place import Place
from envybox.operator.safe import json_line, plain
from envybox.operator.show import as_json, fields_of, line, subject
from envybox.ports.lookup import Filters, Found, Lookup, scan
from envybox.subscriber.stories import CallStory, story

_MOST_LINES = 100
_OF_ITS_OWN = ("id", "schema_version", "type", "webhooktype", "account", "received_at", "warnings")


@click.command(cls=Command, example="envybox event 3f0c9d1e2b4a5968778695a4b3c2d1e0")
@click.argument("event_id", metavar="ID")
@click.option("--json", "as_line", is_flag=True, help="One object, with all that is stored.")
@click.option(
    "--raw",
    is_flag=True,
    help="The fields as received, as a list of pairs; `send --file` takes it.",
)
@click.pass_obj
def event(place: Place, *, event_id: str, as_line: bool, raw: bool) -> None:
    """Show one event whole: as received, as normalized, and how far it came."""
    lookup = place.lookup()
    found = lookup.get(event_id)
    if found is None:
        raise click.ClickException(
            f"There is no event {plain(event_id)}. `envybox events` lists those that there are."
        )
    if as_line:
        click.echo(as_json(found))
    elif raw:
        click.echo(json_line(found.raw))
    else:
        for text in _told(place, found):
            click.echo(text)
        for text in _story(place, lookup, found):
            click.echo(text)


def _told(place: Place, found: Found) -> Iterator[str]:
    event = found.event
    publish = found.publish
    number = "no webhooktype" if event.webhooktype is None else event.webhooktype
    yield f"{event.id}  {event.type} ({number})  account {plain(event.account)}"
    yield f"received   {place.time(event.received_at)}"
    if found.erased_at:
        yield f"erased     {place.time(found.erased_at)}"
        return
    when = f", {place.time(publish.published_at)}" if publish.published_at else ""
    message = f", message {plain(publish.message_id)}" if publish.message_id else ""
    attempts = f", {publish.attempts} attempt{'s' * (publish.attempts != 1)}"
    yield f"publish    {publish.state} to {publish.topic}{when}{message}{attempts}"
    if found.expire_at:
        yield f"expires    {place.time(found.expire_at)}"
    yield f"normalizer {found.normalizer}"
    yield ""
    yield from _normalized(place, event)
    yield ""
    yield "As received:"
    fields = fields_of(found)
    warned: dict[str, str] = {w.field: w.reason for w in event.warnings}
    if isinstance(fields, str):
        yield f"  {plain(fields)}"
        return
    for name, value in fields:
        reason = f"    ! {plain(warned.pop(name))}" if name in warned else ""
        yield f"  {plain(name)} = {plain(value)}{reason}"
    for name, reason in warned.items():
        yield f"  ! {plain(name) or 'the event'}: {plain(reason)}"


def _normalized(place: Place, event: Event) -> Iterator[str]:
    for name in event.__struct_fields__:
        if name not in _OF_ITS_OWN:
            yield from _value(place, name, getattr(event, name))


def _value(place: Place, path: str, value: Any) -> Iterator[str]:
    """Yield a line for each value there is below a path."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _value(place, f"{path}.{plain(name)}", below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _value(place, f"{path}[{number}]", below)
    elif value is not None:
        text = place.time(value) if isinstance(value, datetime) else plain(str(value))
        yield f"  {path} = {text}"


def _outcome(events: list[Event]) -> str:
    told = story(events)
    if not isinstance(told, CallStory) or not told.answered:
        return ""
    who = (told.answered_by and told.answered_by.name) or "a manager"
    after = "" if told.waiting_seconds is None else f" after {told.waiting_seconds:.0f} s"
    return f", answered by {plain(who)}{after}"


def _story(place: Place, lookup: Lookup, found: Found) -> Iterator[str]:
    """Yield the lines of all that belongs to the same call or chat, in the order it came."""
    call, chat = found.event.call, found.event.chat
    if call and call.id:
        filters = Filters(call=call.id, account=found.event.account)
    elif chat and chat.id:
        filters = Filters(chat=chat.id, account=found.event.account)
    else:
        return
    told = list(scan(lookup, filters))[::-1]
    if len(told) > 1:
        yield ""
        yield f"All of {subject(found.event)}{_outcome([one.event for one in told])}:"
        for one in told[:_MOST_LINES]:
            mark = ">" if one.event.id == found.event.id else " "
            yield f"{mark} {line(place, one)}"
