"""`envybox dead`: dead letters."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import click

from envybox.operator.group import Command
from envybox.operator.outlet import open_outlet
from envybox.operator.place import Place, say
from envybox.operator.safe import plain
from envybox.ports.publish import Message
from envybox.types import dead_letter_topic, spool_topic

_SOURCE = "CloudPubSubDeadLetterSourceSubscription"
_COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"


@click.command(cls=Command, example="envybox dead envybox-telegram-dead --save letters.jsonl")
@click.argument("subscription", required=False)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.option("--save", type=click.File("w"), help="Write them whole, one object a line.")
@click.option("--retry", is_flag=True, help="Publish them to their topic again, and take them out.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def dead(
    place: Place, *, subscription: str | None, limit: int, save: Any, retry: bool, yes: bool
) -> None:
    """Show dead letters: of a subscription, or in which there are any.

    They stay where they are. With --retry they are published again, to all subscriptions of their
    topic (who have done them tell them by the event's id), and those of the spool to the spool.
    """
    place.tell()
    if place.is_local:
        say("The embedded backend has no dead letters: it tries for ever.")
        return
    from envybox.operator.subscriptions import Subscriptions

    subscriptions = Subscriptions(place.project)
    if subscription is None:
        names = [one.name.rpartition("/")[2] for one in subscriptions.listed()]
        for name in sorted(n for n in names if n.endswith("-dead")):
            with subscriptions.taken(name, limit) as letters:
                many = "or more" if len(letters) == limit else ""
                click.echo(f"{len(letters):>6} {many:<8}{name}")
        return
    if subscriptions.get(subscription) is None:
        raise click.UsageError(f"There is no subscription {subscription!r}.")
    with subscriptions.taken(subscription, limit) as letters:
        for letter in letters:
            click.echo(_line(place, letter.message))
            if save:
                save.write(_whole(letter.message) + "\n")
        if not letters:
            say("No dead letter.")
        elif retry:
            _retry(place, subscriptions, subscription, letters, yes=yes)


def _line(place: Place, message: Any) -> str:
    attributes = message.attributes
    source, tries = attributes.get(_SOURCE, ""), attributes.get(_COUNT, "")
    what = f"{attributes.get('type', 'spooled')} {attributes.get('event_id', '')}"
    why = attributes.get("reason") or (f"{source} did not take it {tries} times" if source else "")
    at = place.time(datetime.fromtimestamp(message.publish_time.timestamp(), UTC))
    return plain(f"{at}  {what}  {why}").rstrip()


def _whole(message: Any) -> str:
    return json.dumps(
        {
            "message_id": message.message_id,
            "publish_time": message.publish_time.isoformat(),
            "attributes": dict(message.attributes),
            "ordering_key": message.ordering_key,
            "data": base64.b64encode(message.data).decode(),
        }
    )


def _retry(
    place: Place, subscriptions: Any, subscription: str, letters: list[Any], *, yes: bool
) -> None:
    prefix = place.settings.topic_prefix
    outlet = open_outlet(place)
    name = f"dead-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    sent = []
    for letter in letters:
        attributes = dict(letter.message.attributes)
        source = attributes.get(_SOURCE, "")
        found = subscriptions.get(source) if source else None
        topic = found.topic.rpartition("/")[2] if found else ""
        if subscription == dead_letter_topic(prefix):
            topic = spool_topic(prefix)
        kept = {k: v for k, v in attributes.items() if not k.startswith("CloudPubSub")}
        kept.pop("reason", None)
        message = Message(
            data=letter.message.data,
            attributes=kept | ({"replay": name} if topic != spool_topic(prefix) else {}),
            ordering_key=letter.message.ordering_key,
        )
        if topic:
            sent.append((letter, topic, message))
        else:
            say(f"{plain(attributes.get('event_id', ''))}: its topic is not known; left.")
    topics = sorted({topic for _, topic, _ in sent})
    who = ", ".join(f"{t} ({', '.join(outlet.subscriptions(t) or ['?'])})" for t in topics)
    if not yes and not click.confirm(f"Publish {len(sent):,} again to {who}?", err=True):
        raise click.exceptions.Exit(1)
    outcomes = outlet.publish([(topic, message) for _, topic, message in sent])
    for (letter, _, _), problem in zip(sent, outcomes, strict=True):
        if problem:
            say(f"not published: {problem}")
        else:
            subscriptions.acknowledge(subscription, letter)
    done = outcomes.count("")
    say(f"{done:,} published again and taken out.")
    if done < len(letters):
        raise click.exceptions.Exit(1)
