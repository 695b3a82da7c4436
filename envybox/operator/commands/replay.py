"""`envybox replay`: sends stored events on again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from envybox.event import Event
from envybox.operator import journal
from envybox.operator.engine import Deliver, run
from envybox.operator.group import INTERRUPTED, Command
from envybox.operator.journal import Journal, Plan
from envybox.operator.options import filtered
from envybox.operator.outlet import open_outlet
from envybox.operator.place import Place, in_terminal, say
from envybox.operator.push import endpoint, post
from envybox.operator.show import subject
from envybox.ports.lookup import Filters, Lookup, scan
from envybox.ports.publish import Message
from envybox.testing.envelope import Sent, wrapped
from envybox.types import topic_of


@click.command(
    cls=Command, example="envybox replay --type call.result --since 1d --to http://localhost:8081/"
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filtered
@click.option("--to", metavar="URL", help="Post them to this endpoint alone; publish nothing.")
@click.option("--publish", is_flag=True, help="Publish them again, to every subscription.")
@click.option("--again", is_flag=True, help="Ask subscribers to do again what they have done.")
@click.option("--name", metavar="TEXT", help="The replay's name; else the time makes one.")
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10_000),
    default=100.0,
    show_default=True,
    help="At most so many a second.",
)
@click.option("--yes", is_flag=True, help="Do not ask before publishing.")
@click.option("--resume", metavar="NAME", help="Go on with a replay that was interrupted.")
def replay(
    place: Place,
    *,
    ids: tuple[str, ...],
    filters: Filters,
    to: str | None,
    publish: bool,
    again: bool,
    name: str | None,
    rate: float,
    yes: bool,
    resume: str | None,
) -> None:
    """Send stored events again, the oldest first: to one endpoint, or to their topics.

    With --to they are posted to it as a push subscription would, and nobody else gets them. With
    --publish all subscriptions of their topics do, after a question that names them. What is
    still pending is left to the receiver. Messages have the attribute `replay`, and with --again
    `replay-again`. A replay that was interrupted is gone on with by --resume.
    """
    if bool(resume) + bool(to) + publish != 1:
        raise click.UsageError("One of --to, --publish and --resume is needed.")
    if filters.pending:
        raise click.UsageError("What is pending is published by the receiver's `recover`.")
    lookup = place.lookup()
    if resume:
        plan = journal.resume(resume)
        if plan.plan.place != place.name:
            plan.close()
            raise click.UsageError(f"The replay {resume} is of {plan.plan.place}.")
    else:
        events = _chosen(lookup, ids, filters)
        if not events:
            say("No event.")
            return
        if publish:
            _confirm(place, events, yes=yes)
        new = Plan(
            name=name or f"replay-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}",
            place=place.name,
            to=endpoint(to) if to else None,
            again=again,
        )
        plan = journal.start(new, [event_id for event_id, _ in events])
    try:
        _run(place, lookup, plan, rate)
    finally:
        plan.close()


def _chosen(lookup: Lookup, ids: tuple[str, ...], filters: Filters) -> list[tuple[str, str]]:
    """Return id and type of these events, or else of those that are found, the oldest first."""
    if not ids:
        if filters == Filters():
            raise click.UsageError("Name events, or choose them: --since, --type, --call …")
        found = (one.event for one in scan(lookup, filters))
        return [(event.id, event.type) for event in found][::-1]
    events = []
    for event_id in ids:
        one = lookup.get(event_id)
        if one is None:
            raise click.UsageError(f"There is no event {event_id!r}.")
        events.append((event_id, one.event.type))
    return events


def _confirm(place: Place, events: list[tuple[str, str]], *, yes: bool) -> None:
    """Tell who will get how many, and ask."""
    outlet = open_outlet(place)
    topics = Counter(topic_of(place.settings.topic_prefix, type_) for _, type_ in events)
    for topic, number in sorted(topics.items()):
        names = outlet.subscriptions(topic)
        who = "who gets them cannot be seen" if names is None else ", ".join(names) or "nobody"
        say(f"  {number:>7,} to {topic}: {who}")
    question = f"Publish {len(events):,} events again in {place.name}?"
    if not yes and not click.confirm(question, err=True):
        raise click.exceptions.Exit(1)


def _run(place: Place, lookup: Lookup, plan: Journal, rate: float) -> None:
    name, to, total = plan.plan.name, plan.plan.to, plan.total
    before = total - len(plan.left)
    say(f"Replay {name}: {total:,} events{f', {before:,} of them done' * bool(before)}.")

    drawn = in_terminal()

    def progress(number: int) -> None:
        if drawn:
            click.echo(f"\r{before + number:,} of {total:,}", err=True, nl=False)

    deliver = _poster(place, to) if to else _publisher(place)
    outcome = run(lookup, plan, deliver, place.settings, rate=rate, progress=progress)
    if drawn:
        click.echo("", err=True)
    skipped = f"; {outcome.skipped:,} left alone (pending, erased or gone)" * bool(outcome.skipped)
    say(f"{'Posted' if to else 'Published'} {outcome.delivered:,}{skipped}.")
    if outcome.problem or outcome.interrupted:
        say(outcome.problem or "Interrupted.")
        say(f"Go on with: envybox replay --resume {name}")
        raise click.exceptions.Exit(INTERRUPTED if outcome.interrupted else 1)


def _publisher(place: Place) -> Deliver:
    outlet = open_outlet(place)
    prefix = place.settings.topic_prefix

    def deliver(batch: list[tuple[Event, Message]]) -> Iterable[str]:
        return outlet.publish([(topic_of(prefix, event.type), new) for event, new in batch])

    return deliver


def _poster(place: Place, url: str) -> Deliver:
    owner = "local" if place.is_local else place.project

    def deliver(batch: list[tuple[Event, Message]]) -> Iterator[str]:
        for event, new in batch:
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            sent = Sent(f"replay-{event.id}", now, f"projects/{owner}/subscriptions/replay")
            answer = post(url, wrapped(new, sent))
            clock = place.time(datetime.now(UTC))[11:]
            click.echo(f"{clock} {answer}  {event.type} {subject(event)}  {event.id}")
            yield answer.problem
            if answer.problem:  # what is down now takes the next ones no better
                return

    return deliver
