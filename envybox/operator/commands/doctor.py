"""`envybox doctor`: checks a deployment."""

from __future__ import annotations

import json
import secrets
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import click

from envybox.operator import webhooks
from envybox.operator.checks import BAD, NOTE, OK, Check, of_pubsub, of_store
from envybox.operator.group import Command
from envybox.operator.place import Place
from envybox.operator.push import endpoint
from envybox.ports.lookup import Lookup

SKEW_SECONDS = 10
STORED_SECONDS = 10.0
_POLL_SECONDS = 0.2

_NOT_CHECKED = (
    ("grants", "terraform plan, which has no changes where they are as they should be"),
    ("dead letters", "envybox dead"),
    ("keys and the widget's code", "envybox keys check --site https://YOUR-SITE/"),
)


@click.command(
    cls=Command, example="envybox doctor --url https://REGION-PROJECT.cloudfunctions.net/…"
)
@click.option(
    "--url",
    envvar="ENVYBOX_URL",
    help="The receiver; without it that is not checked. [ENVYBOX_URL]",
)
@click.option("--no-send", is_flag=True, help="Send no test webhook.")
@click.option("--json", "as_lines", is_flag=True, help="One object a line.")
@click.pass_obj
def doctor(place: Place, *, url: str | None, no_send: bool, as_lines: bool) -> None:
    """Check a deployment from end to end; exit status 1 where something is wrong.

    The test webhook is of the type `unknown`, without a phone, and has `envybox_doctor` among its
    `extra` fields: subscribers to all types can leave it out. What is not checked here is named,
    with the command that does.
    """
    lookup = place.lookup()
    bad = 0
    for check in checks(place, lookup, url, send=not no_send):
        bad += check.result == BAD
        click.echo(json.dumps(check._asdict()) if as_lines else _line(check))
    if bad:
        raise click.exceptions.Exit(1)


def checks(place: Place, lookup: Lookup, url: str | None, *, send: bool) -> Iterator[Check]:
    """Check one thing after the other; without `send` nothing is stored or published."""
    if url:
        yield from _receiver(place, lookup, endpoint(url), send=send)
    else:
        yield Check("receiver", NOTE, "not checked", "envybox doctor --url URL")
    yield from of_store(place, lookup)
    if not place.is_local:
        yield from of_pubsub(place)
        if not place.is_emulated:
            from envybox.operator.checks_google import of_google

            yield from of_google(place)
        for name, command in _NOT_CHECKED:
            yield Check(name, NOTE, "not checked here", command)


def _receiver(place: Place, lookup: Lookup, url: str, *, send: bool) -> Iterator[Check]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - `endpoint` checks it
            at = answer.headers.get("date")
    except OSError as error:
        yield Check("receiver", BAD, f"{url}: {error}", "docs/runbook.md; the function's log")
        return
    yield Check("receiver", OK, "it answers")
    if at:
        skew = abs((datetime.now(UTC) - parsedate_to_datetime(at)).total_seconds())
        text = f"{skew:.0f} s between this machine's and the receiver's"
        remedy = "set this machine's clock: tokens of Google's need it"
        yield (
            Check("clock", OK, text) if skew <= SKEW_SECONDS else Check("clock", BAD, text, remedy)
        )
    if not send:
        yield Check("webhook", NOTE, "not sent")
        return
    fields = [("envybox_doctor", secrets.token_hex(8)), ("site", "example.com")]
    sent = webhooks.send(url, fields, webhooks.key_of(place), multipart=False)
    if sent.status != 200:
        remedy = {
            403: "the key is not accepted: envybox keys check; export ENVYBOX_KEY",
            503: "no key is configured, or neither Firestore nor Pub/Sub takes it",
        }.get(sent.status, "the function's log")
        yield Check("webhook", BAD, f"[{sent.status or '---'}] {sent.text}", remedy)
        return
    yield Check("webhook", OK, f"{sent.text} in {sent.seconds * 1000:.0f} ms")
    yield _stored(lookup, sent.event_id)


def _stored(lookup: Lookup, event_id: str) -> Check:
    """Look for the test webhook's event until it is published."""
    deadline = time.monotonic() + STORED_SECONDS
    while True:
        found = lookup.get(event_id)
        if found is not None and found.publish.state == "published":
            return Check("event", OK, f"{event_id} is stored and published")
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL_SECONDS)
    if found is None:
        remedy = "is this the receiver's database and collection? ENVYBOX_DATABASE"
        return Check("event", BAD, f"{event_id} is not stored here", remedy)
    return Check("event", BAD, f"{event_id} is stored and not published", "envybox pending")


def _line(check: Check) -> str:
    remedy = f"\n{'':<6}→ {check.remedy}" if check.remedy else ""
    return f"{check.result:<5} {check.name}: {check.text}{remedy}"
