"""`envybox pending`: what is stored and not published."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import click

from envybox.operator.checks import LATE
from envybox.operator.group import Command
from envybox.operator.place import Place, say
from envybox.operator.show import as_json, line
from envybox.ports.lookup import Filters


@click.command(cls=Command, example="envybox pending --limit 20")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option(
    "--json", "as_lines", is_flag=True, help="One object a line, with all that is stored."
)
@click.pass_obj
def pending(place: Place, *, limit: int, as_lines: bool) -> None:
    """Show what is stored and not published yet, the oldest first; exit status 1 if it is late."""
    lookup = place.lookup()
    counted = lookup.count(Filters(pending=True))
    found = lookup.page(Filters(pending=True), limit=limit).events
    for one in found:
        click.echo(as_json(one) if as_lines else line(place, one))
    if not found:
        say("Nothing is pending.")
        return
    waited = datetime.now(UTC) - found[0].event.received_at
    topics = Counter(one.publish.topic for one in found)
    tried = sum(one.publish.attempts > 0 for one in found)
    say(
        f"{counted.number:,} pending, the oldest since {place.time(found[0].event.received_at)} "
        f"({waited.total_seconds():,.0f} s). Of those shown: "
        + ", ".join(f"{number} to {topic}" for topic, number in topics.most_common())
        + f"; {tried} were tried and failed: the function's log says why, by their ids."
    )
    if waited > LATE * place.settings.recover_after:
        say("`recover` is late: docs/runbook.md; `envybox doctor` looks for the cause.")
        raise click.exceptions.Exit(1)
