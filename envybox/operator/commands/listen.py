"""`envybox listen`: follows what is published, and posts it on."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from envybox.errors import EnvyboxError
from envybox.operator.follow import caught_up, live
from envybox.operator.group import Command
from envybox.operator.options import moment
from envybox.operator.place import Place, say
from envybox.operator.push import Answer, endpoint, post
from envybox.operator.safe import plain
from envybox.operator.source import Came, Source
from envybox.ports.lookup import Filters, Lookup
from envybox.testing.envelope import Sent, wrapped
from envybox.types import TYPES

SILENCE_SECONDS = 10.0
_TYPES = [row.type for row in TYPES]


@click.command(
    cls=Command, example="envybox listen --forward-to call.result=http://localhost:8081/"
)
@click.argument("types", metavar="[TYPE]...", nargs=-1, type=click.Choice(_TYPES))
@click.option(
    "--forward-to",
    "targets",
    metavar="[TYPE=]URL",
    multiple=True,
    help="Post them on: those of a type, or all others.",
)
@click.option("--since", metavar="TIME", help="Begin with what was received since, such as `1h`.")
@click.option("--limit", type=click.IntRange(1), help="End after so many.")
@click.option("--console", metavar="URL", help="The console, for a link to each event.")
@click.option("--json", "as_lines", is_flag=True, help="One object a line, with the event.")
@click.pass_obj
def listen(
    place: Place,
    *,
    types: tuple[str, ...],
    targets: tuple[str, ...],
    since: str | None,
    limit: int | None,
    console: str | None,
    as_lines: bool,
) -> None:
    """Follow what is published, until Ctrl-C; and post it on, as a push subscription would.

    On Google Cloud it makes subscriptions of its own, which it deletes at the end and which
    expire within a day, or follows the store where you may not. A message is posted once: what
    the endpoint does not take is told, and can be had again by `envybox replay --to`.
    """
    followed = list(types or _TYPES)
    forward = _targets(targets)
    lookup = place.lookup()
    listener = Listener(place, forward, console, limit, as_lines=as_lines)
    start = moment(since, place.settings.timezone, datetime.now(UTC)) if since else None
    try:
        with live(place, lookup, followed) as source:
            if start:
                for came in caught_up(lookup, followed, start):
                    listener.take(came)
            say(f"Following {', '.join(types) or 'all types'}. Ctrl-C ends it.")
            _follow(source, listener, lookup, followed)
    except (KeyboardInterrupt, _EnoughError):
        say(f"Ended: {listener.number} came.")


class _EnoughError(Exception):
    """As many came as were wanted."""


class Listener:
    """Tells of each message, and posts it on."""

    def __init__(
        self,
        place: Place,
        forward: dict[str, str],
        console: str | None,
        limit: int | None,
        *,
        as_lines: bool,
    ) -> None:
        self.number = 0
        self._place = place
        self._forward = forward
        self._console = console
        self._limit = limit
        self._as_lines = as_lines
        self._seen: Counter[str] = Counter()
        self._taken: set[tuple[str, str]] = set()

    def take(self, came: Came) -> None:
        """Tell of a message, once."""
        attributes = came.message.attributes
        event_id, type_ = attributes.get("event_id", ""), attributes.get("type", "")
        if (event_id, came.message_id) in self._taken:  # caught up with, and then live
            return
        self._taken.add((event_id, came.message_id))
        self._seen[event_id] += 1
        url = self._forward.get(type_, self._forward.get("", ""))
        owner = "local" if self._place.is_local else self._place.project
        sent = Sent(came.message_id, came.publish_time, f"projects/{owner}/subscriptions/listen")
        answer = post(url, wrapped(came.message, sent)) if url else None
        link = f"{self._console.rstrip('/')}/events/{event_id}" if self._console else ""
        self.number += 1
        click.echo(
            self._object(came, url, answer, link)
            if self._as_lines
            else self._line(came, url, answer, link)
        )
        if self._limit is not None and self.number >= self._limit:
            raise _EnoughError

    def _line(self, came: Came, url: str, answer: Answer | None, link: str) -> str:
        attributes = came.message.attributes
        event_id = attributes.get("event_id", "")
        about = attributes.get("ce-subject", "").replace("/", " ", 1)
        columns = [
            self._place.time(datetime.now(UTC))[11:],
            *([str(answer)] if answer else []),
            plain(f"{attributes.get('type', ''):<14} {about}"),
            f"→ {plain(url)}" if answer else plain(attributes.get("site", "")),
            link or plain(event_id),
        ]
        if self._seen[event_id] > 1:
            columns.append(f"repeat {self._seen[event_id]}")
        if "replay" in attributes:
            columns.append(f"replay {plain(attributes['replay'])}")
        return "  ".join(columns)

    def _object(self, came: Came, url: str, answer: Answer | None, link: str) -> str:
        told: dict[str, Any] = {
            "event": json.loads(came.message.data),
            "attributes": came.message.attributes,
            "message_id": came.message_id,
            "publish_time": came.publish_time,
        }
        if answer:
            milliseconds = round(answer.seconds * 1000)
            told["forwarded"] = {
                "url": url,
                "status": answer.status,
                "problem": answer.problem,
                "milliseconds": milliseconds,
            }
        return json.dumps(told | ({"link": link} if link else {}), ensure_ascii=True)


def _follow(source: Source, listener: Listener, lookup: Lookup, types: list[str]) -> None:
    silent_since = time.monotonic()
    for came in source:
        if came is not None:
            listener.take(came)
        elif not listener.number and time.monotonic() - silent_since > SILENCE_SECONDS:
            silent_since = float("inf")
            _explain(lookup, types)


def _explain(lookup: Lookup, types: list[str]) -> None:
    """Say why nothing may have come."""
    hour = datetime.now(UTC) - timedelta(hours=1)
    try:
        here = sum(lookup.count(Filters(type=type_, since=hour)).number for type_ in types)
        everywhere = lookup.count(Filters(since=hour)).number
        pending = lookup.count(Filters(pending=True)).number
        known = (
            f"In the last hour {everywhere:,} events were received, {here:,} of them of what is "
            f"followed; {pending:,} are pending."
        )
    except EnvyboxError as error:
        known = str(error)
    say(f"Nothing came yet. {known} `envybox send` sends one; `envybox doctor` checks the rest.")


def _targets(given: tuple[str, ...]) -> dict[str, str]:
    """Return type → URL; '' is for all others."""
    targets: dict[str, str] = {}
    for text in given:
        type_, equals, url = text.partition("=")
        named = equals and type_ in _TYPES
        if equals and not named and "/" not in type_:
            raise click.BadParameter(f"{type_!r} is none of {', '.join(_TYPES)}.")
        targets[type_ if named else ""] = endpoint(url if named else text)
    return targets
