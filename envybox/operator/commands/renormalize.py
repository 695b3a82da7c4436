"""`envybox renormalize`: makes events anew from what was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from envybox.errors import BackendError
from envybox.event import NORMALIZER_VERSION, Event
from envybox.operator import journal
from envybox.operator.group import Command
from envybox.operator.journal import Plan
from envybox.operator.options import filtered
from envybox.operator.place import Place, say
from envybox.operator.safe import plain
from envybox.operator.whole import anew
from envybox.ports.lookup import Filters, Found, Lookup, scan

_SHOWN = 3
"""How many examples of a field's changes are shown."""


@click.command(cls=Command, example="envybox renormalize --since 30d --dry-run")
@filtered
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--all", "every", is_flag=True, help="Also what this version made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--replay", "name", metavar="NAME", help="Prepare a replay of what changed.")
def renormalize(
    place: Place, *, filters: Filters, dry_run: bool, every: bool, yes: bool, name: str | None
) -> None:
    """Make events anew from `raw`, after an upgrade; publish nothing.

    What was received, the state of publishing and the expiry stay. What is pending is made anew
    when it is published anyway. `--replay` leaves a replay of what changed to be run with
    `envybox replay --resume NAME`.
    """
    lookup = place.lookup()
    if not every:
        filters = msgspec.structs.replace(filters, older_than=NORMALIZER_VERSION)
    changes: Counter[str] = Counter()
    changed: list[str] = []
    same = 0
    counted = lookup.count(filters)
    say(f"This reads {counted.number:,} events, of an older normalizer than {NORMALIZER_VERSION}.")
    for found, event in _anew(place, lookup, filters):
        paths = list(differences(found.event, event))
        for path, old, new in paths:
            changes[path] += 1
            if changes[path] <= _SHOWN:
                click.echo(f"{found.event.id}  {plain(path)}: {_short(old)} → {_short(new)}")
        if paths:
            changed.append(event.id)
        else:
            same += 1
    for path, number in changes.most_common():
        click.echo(f"{number:>9,}  {plain(path)}")
    say(f"{len(changed):,} events change, {same:,} stay as they are.")
    if dry_run or not (changed or same):
        return
    if not yes and not click.confirm(f"Write them in {place.name}?", err=True):
        raise click.exceptions.Exit(1)
    written = sum(_write(lookup, found, event) for found, event in _anew(place, lookup, filters))
    say(f"{written:,} events written.")
    if name and changed:
        plan = Plan(name=name, place=place.name, again=True)
        journal.start(plan, changed[::-1]).close()
        say(f"Publish what changed: envybox replay --resume {name}")


def _anew(place: Place, lookup: Lookup, filters: Filters) -> Iterator[tuple[Found, Event]]:
    for found in scan(lookup, filters):
        try:
            yield found, anew(found, place.settings)
        except ValueError:
            say(f"{found.event.id}: its `raw` cannot be read; left as it is.")


def _write(lookup: Lookup, found: Found, event: Event) -> bool:
    for _ in range(3):  # it may be marked as published meanwhile
        try:
            if lookup.rewrite(found, event):
                return True
        except BackendError as error:
            say(f"{event.id}: {error}; left as it is.")
            return False
        again = lookup.get(event.id)
        if again is None or again.erased_at is not None:
            break
        found = again
    return False


def differences(old: Event, new: Event) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of each field in which two events differ."""
    yield from _differences("", msgspec.to_builtins(old), msgspec.to_builtins(new))


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old | new:
            below = f"{path}.{name}" if path else name
            yield from _differences(below, old.get(name), new.get(name))
    elif old != new:
        yield path, old, new


def _short(value: Any) -> str:
    text = plain(str(value)) if value is not None else "nothing"
    return text if len(text) <= 60 else text[:60] + "…"
