"""`envybox events`: lists events."""

from __future__ import annotations

import click

from envybox.operator.group import Command
from envybox.operator.options import filtered
from envybox.operator.place import Place, say
from envybox.operator.show import as_json, line
from envybox.ports.lookup import PAGE, Filters


@click.command(cls=Command, example="envybox events --type call.result --since 1d")
@filtered
@click.option("--limit", type=click.IntRange(1), default=PAGE, show_default=True, help="How many.")
@click.option("--cursor", default="", metavar="TEXT", help="Go on where a list ended.")
@click.option(
    "--json", "as_lines", is_flag=True, help="One object a line, with all that is stored."
)
@click.option("--fail-empty", is_flag=True, help="Exit status 1 where there is none.")
def events(
    place: Place, *, filters: Filters, limit: int, cursor: str, as_lines: bool, fail_empty: bool
) -> None:
    """List events, the newest first."""
    lookup = place.lookup()
    shown, start = 0, cursor
    while shown < limit:
        try:
            listing = lookup.page(filters, limit=limit - shown, cursor=cursor)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--cursor") from error
        for found in listing.events:
            click.echo(as_json(found) if as_lines else line(place, found))
        shown += len(listing.events)
        cursor = listing.cursor
        if not cursor:
            break
    if cursor:
        say(f"There are more: --cursor {cursor}")
    elif not shown and not start:
        say("No event.")
    if fail_empty and not shown:
        raise click.exceptions.Exit(1)
