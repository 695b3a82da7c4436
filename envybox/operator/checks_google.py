"""What `envybox doctor` checks of a project by what Google itself knows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from envybox.errors import Unavailable
from envybox.operator import metrics, rest
from envybox.operator.checks import BAD, NOTE, OK, Check
from envybox.operator.place import Place
from envybox.operator.spooled import LATE_SECONDS, NO_FIGURE
from envybox.types import dead_letter_topic, spool_topic

FIRESTORE = "https://firestore.googleapis.com"


def of_google(place: Place) -> Iterator[Check]:
    """Check the TTL, that `recover` is called, and what waits in the spool, or died there."""
    asked = (("ttl", _ttl), ("scheduler", _scheduler), ("spooled", _spooled), ("buried", _buried))
    for name, check in asked:
        yield _asked(name, check, place)


def _asked(name: str, check: Callable[[Place], Check], place: Place) -> Check:
    try:
        return check(place)
    except Unavailable as error:
        return Check(name, NOTE, f"not known: {error}")


def _ttl(place: Place) -> Check:
    group = f"databases/{place.settings.database}/collectionGroups/{place.settings.collection}"
    url = f"{FIRESTORE}/v1/projects/{place.project}/{group}/fields/expire_at"
    state = rest.get(url, role="roles/datastore.viewer").get("ttlConfig", {}).get("state")
    if state == "ACTIVE":
        return Check("ttl", OK, "what has expired is deleted")
    text = f"on its way: {state}" if state else "none: what has expired is kept"
    return Check("ttl", NOTE if state else BAD, text, "terraform apply; docs/runbook.md")


def _scheduler(place: Place) -> Check:
    service = f"{place.settings.topic_prefix}recover"
    number = metrics.calls(place.project, service)
    if number:
        return Check("scheduler", OK, f"{number:,} calls of {service} within 15 minutes")
    return Check(
        "scheduler",
        BAD,
        f"no call of {service} within 15 minutes",
        f"gcloud scheduler jobs describe {service} --location=REGION",
    )


def _spooled(place: Place) -> Check:
    found = metrics.waiting(place.project, spool_topic(place.settings.topic_prefix))
    if found.number is None:
        return Check("spooled", NOTE, NO_FIGURE)
    if found.number and (found.oldest_seconds or 0) > LATE_SECONDS:
        text = f"{found.number:,}, the oldest for {found.oldest_seconds:,} s"
        return Check("spooled", BAD, text, "envybox spool")
    return Check("spooled", OK, f"{found.number:,}")


def _buried(place: Place) -> Check:
    name = dead_letter_topic(place.settings.topic_prefix)
    found = metrics.waiting(place.project, name)
    if found.number is None:
        return Check("buried", NOTE, NO_FIGURE)
    return Check("buried", BAD if found.number else OK, f"{found.number:,}", f"envybox dead {name}")
