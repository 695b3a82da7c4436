"""`envybox spool`: webhooks that wait because Firestore did not take them."""

from __future__ import annotations

import json

import click

from envybox.operator.group import Command
from envybox.operator.place import Place, say
from envybox.operator.spooled import LATE_SECONDS, NO_FIGURE
from envybox.types import dead_letter_topic, spool_topic

_WHY = (
    "They came while Firestore did not take them, and `recover` could not store them since; its "
    "log says why: gcloud functions logs read envybox-recover --min-log-level=WARNING. What is in "
    "them cannot be shown: Pub/Sub hands it to `recover` alone. docs/runbook.md"
)


@click.command(cls=Command, example="envybox spool --json")
@click.option("--json", "as_lines", is_flag=True, help="One object a line.")
@click.pass_obj
def spool(place: Place, *, as_lines: bool) -> None:
    """Show how many webhooks wait in the spool, and since when; exit status 1 if they are late.

    The figures are Cloud Monitoring's, some minutes old. So are those of the spool's dead letters,
    which `dead` shows.
    """
    place.tell()
    if place.is_local:
        say("The embedded backend has no spool: what the file does not take is refused.")
        return
    if place.is_emulated:
        say("The emulators have no metrics: how much is in the spool cannot be told.")
        return
    from envybox.operator.metrics import waiting

    prefix = place.settings.topic_prefix
    late = False
    for name in (spool_topic(prefix), dead_letter_topic(prefix)):
        found = waiting(place.project, name)
        if as_lines:
            told = {
                "subscription": name,
                "waiting": found.number,
                "oldest_seconds": found.oldest_seconds,
                "as_of": found.as_of and found.as_of.isoformat(),
            }
            click.echo(json.dumps(told))
        elif found.number is None:
            click.echo(f"{name}: {NO_FIGURE}")
        else:
            since = f", the oldest for {found.oldest_seconds or 0:,} s" * bool(found.number)
            click.echo(f"{name}: {found.number:,}{since}, as of {place.time(found.as_of)}")
        is_dead = name == dead_letter_topic(prefix)
        if found.number and (is_dead or (found.oldest_seconds or 0) > LATE_SECONDS):
            late = True
            say(f"Dead letters: envybox dead {name}" if is_dead else _WHY)
    if late:
        raise click.exceptions.Exit(1)
