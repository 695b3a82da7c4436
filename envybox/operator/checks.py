"""What `envybox doctor` checks: each a question with an answer, and a remedy where it is no.

Only what this program can ask for itself. What it cannot is named by `doctor`, with the command
that can.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from envybox.errors import EnvyboxError, Unaskable
from envybox.event import CALL_STATES
from envybox.operator.place import Place
from envybox.ports.lookup import Filters, Lookup
from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of

LATE = 3
"""How many times as old as it may be before `recover` tries it something is when it is late."""

OK, BAD, NOTE = "ok", "BAD", "note"


class Check(NamedTuple):
    """What was checked: `ok`, `BAD` or `note`; what was found; what to do."""

    name: str
    result: str
    text: str
    remedy: str = ""


def of_store(place: Place, lookup: Lookup) -> Iterator[Check]:
    """Check that events can be read, that each index answers, and that nothing waits too long."""
    try:
        lookup.get("0" * 32)
        yield Check("store", OK, "can be read")
    except EnvyboxError as error:
        yield Check("store", BAD, str(error), "the roles of docs/cli.md; ENVYBOX_DATABASE")
        return
    yield _indexes(lookup)
    yield _pending(place, lookup)


def _indexes(lookup: Lookup) -> Check:
    asked = (
        Filters(),
        Filters(type=TYPES[0].type),
        Filters(site="example.com"),
        Filters(state=CALL_STATES[0]),
        Filters(account="default"),
        Filters(pending=True),
    )
    missing = []
    for filters in asked:
        try:
            lookup.page(filters, limit=1)
        except Unaskable:
            names = [n for n in filters.__struct_fields__ if getattr(filters, n)]
            missing.append(names[0] if names else "time")
    if not missing:
        return Check("indexes", OK, "every list can be asked for")
    if missing == ["time", "type", "site", "state", "account"]:
        return Check("indexes", NOTE, "none by time: set up with index_times = false")
    return Check(
        "indexes",
        BAD,
        f"not there or not READY: by {', '.join(missing)}",
        "terraform apply; gcloud firestore indexes composite list --database=…",
    )


def _pending(place: Place, lookup: Lookup) -> Check:
    found = lookup.page(Filters(pending=True), limit=1).events
    if not found:
        return Check("pending", OK, "nothing")
    waited = datetime.now(UTC) - found[0].event.received_at
    text = f"{lookup.count(Filters(pending=True)).number:,}, the oldest for {_seconds(waited)}"
    if waited <= LATE * place.settings.recover_after:
        return Check("pending", OK, text)
    return Check("pending", BAD, text, "docs/runbook.md; envybox pending")


def of_pubsub(place: Place) -> Iterator[Check]:
    """Check topics, subscriptions and their dead letters, and what `listen` left."""
    from envybox.operator.listening import LABEL
    from envybox.operator.pubsub import PubSubOutlet
    from envybox.operator.subscriptions import Subscriptions

    prefix = place.settings.topic_prefix
    topics = {topic_of(prefix, row.type) for row in TYPES}
    topics |= {spool_topic(prefix), dead_letter_topic(prefix)}
    try:
        there = PubSubOutlet(place.project).topics()
        subscriptions = Subscriptions(place.project).listed()
    except EnvyboxError as error:
        yield Check("topics", BAD, str(error), "roles/pubsub.viewer")
        return
    missing = sorted(topics - there)
    yield (
        Check("topics", BAD, f"missing: {', '.join(missing)}", "terraform apply")
        if missing
        else Check("topics", OK, f"all {len(topics)} are there")
    )
    left = [one.name.rpartition("/")[2] for one in subscriptions if dict(one.labels) == LABEL]
    mine = [
        one
        for one in subscriptions
        if one.topic.rpartition("/")[2] in topics and dict(one.labels) != LABEL
    ]
    spool = [one for one in mine if one.topic.endswith("/" + spool_topic(prefix))]
    yield (
        Check("spool", OK, "it has its subscription")
        if spool
        else Check("spool", BAD, "nothing takes what is spooled to recover", "terraform apply")
    )
    bare = sorted(
        one.name.rpartition("/")[2]
        for one in mine
        if not one.dead_letter_policy.dead_letter_topic and not one.topic.endswith("-dead")
    )
    if bare:
        yield Check(
            "dead letters",
            NOTE,
            f"none for {', '.join(bare)}: what they never take is tried until it expires",
            "dead_letter_after in Terraform's subscriptions",
        )
    if left:
        yield Check(
            "listen",
            NOTE,
            f"{len(left)} subscriptions of listen that runs or was killed; they expire in a day",
            f"gcloud pubsub subscriptions delete {' '.join(left)}",
        )


def _seconds(waited: timedelta) -> str:
    return f"{waited.total_seconds():,.0f} s"
