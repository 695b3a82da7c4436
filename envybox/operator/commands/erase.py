"""`envybox erase`: removes a person's data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from envybox.operator.group import Command
from envybox.operator.options import filters_of
from envybox.operator.place import Place, say
from envybox.operator.show import line
from envybox.ports.lookup import scan

_AUDIT = "envybox-erasures.jsonl"
_ELSEWHERE = """\
What it cannot reach:
- Messages that subscribers took: each service deletes what it made of them, by the event's id.
- Turns (`once`) that subscribers keep elsewhere than beside the events: they go after 31 days.
- Messages not delivered yet, and dead letters: a subscription keeps them for days at most. To drop
  all that one holds: gcloud pubsub subscriptions seek NAME --time=$(date -u +%Y-%m-%dT%H:%M:%SZ)
- BigQuery and Cloud Storage, where you subscribed them: docs/security.md has the statements.
- Firestore's point-in-time recovery: old versions go after 7 days. Backups: when they expire.
  gcloud firestore backups list
- Logs hold no phone, e-mail or name of a visitor.
What a person wrote into a message's text alone is not found by a phone or an address."""


@click.command(cls=Command, example="envybox erase --phone '+7 900 000-00-00'")
@click.option("--phone", metavar="NUMBER", help="Of this phone, in any spelling.")
@click.option("--email", metavar="ADDRESS", help="Of this e-mail address.")
@click.option("--visitor", metavar="ID", help="Of this visitor.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--audit",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(_AUDIT),
    show_default=True,
    help="The file that gets a line about it, without personal data.",
)
@click.pass_obj
def erase(
    place: Place,
    *,
    phone: str | None,
    email: str | None,
    visitor: str | None,
    yes: bool,
    audit: Path,
) -> None:
    """Remove a person's data from the stored events, after showing what was found.

    Of each event its id, account and times are left, so that a webhook that is sent again does not
    bring it back; on the embedded backend its messages go too. So does what subscribers keep of
    their turns (`once`) that tells of the person.
    """
    given = {"phone": phone, "email": email, "visitor": visitor}
    (by, *others) = [name for name, value in given.items() if value] or [""]
    if not by or others:
        raise click.UsageError("One of --phone, --email and --visitor is needed.")
    lookup = place.lookup()
    filters = filters_of(place, dict(given))
    events = list(scan(lookup, filters))
    for found in events:
        click.echo(line(place, found))
    if not events:
        say("No event.")
        return
    if not yes and not click.confirm(
        f"Erase these {len(events):,} events in {place.name}?", err=True
    ):
        raise click.exceptions.Exit(1)
    from envybox.operator.turns import forget

    turns = forget(place, [found.event for found in events])
    now = datetime.now(UTC)
    erased = sum(lookup.erase(found.event.id, now) for found in events)
    left = len(list(scan(lookup, filters)))
    _note(audit, place, by, erased)
    say(f"{erased:,} events erased, {turns:,} turns of subscribers with them; see {audit}.")
    say(_ELSEWHERE)
    if left:
        say(f"{left:,} more came meanwhile: run it again.")
        raise click.exceptions.Exit(1)


def _note(audit: Path, place: Place, by: str, number: int) -> None:
    """Write what was done: no value, nor its hash, for hashes of phones can be guessed."""
    told = {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "place": place.name,
        "by": by,
        "events": number,
    }
    with audit.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
