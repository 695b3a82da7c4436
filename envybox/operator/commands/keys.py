"""`envybox keys`: the accepted keys, without ever showing one that is in use."""

from __future__ import annotations

import hashlib
import re
import secrets
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import click

from envybox.errors import EnvyboxError, SettingsError
from envybox.operator.group import Command
from envybox.operator.place import Place, say
from envybox.operator.push import endpoint

_CODE = re.compile(rb"wcb_code=([0-9a-f]{32})(?![0-9a-f])")
_MOST_BYTES = 5_000_000
_EQUAL = """\
The page shows everybody a key that is accepted: whoever reads it can send webhooks that are taken
for Envybox's, with leads that are none. Ask Envybox for another key; until then treat what comes
as unverified, and limit who may call the receiver."""


@click.command(cls=Command, example="envybox keys check --site https://example.com/")
@click.argument("action", type=click.Choice(["new", "check", "fingerprint"]))
@click.option("--file", type=click.File(), help="The keys, `-` for standard input.")
@click.option("--site", metavar="URL", help="check: compare with the widget's code in this page.")
@click.pass_obj
def keys(place: Place, *, action: str, file: Any, site: str | None) -> None:
    """Make a key (new), check the accepted ones, or show their fingerprints.

    The keys are those of ENVYBOX_KEYS or ENVYBOX_KEYS_FILE, or of --file: `gcloud secrets versions
    access latest --secret=NAME | envybox keys check --file -`. None is ever shown or sent anywhere.
    """
    if action == "new":
        click.echo(secrets.token_hex(16))
        return
    accepted = _accepted(place, file)
    if not accepted:
        raise EnvyboxError(
            "No key is accepted: every webhook would be answered 503. "
            "`export ENVYBOX_KEYS=$(envybox keys new)` makes one."
        )
    if action == "fingerprint":
        for key, label in accepted.items():
            click.echo(f"{hashlib.sha256(key.encode()).hexdigest()[:16]}  {label}")
        return
    labels = Counter(accepted.values())
    for label, number in labels.items():
        rotation = " (a rotation: take the old one out when it is done)" if number > 1 else ""
        click.echo(f"{label}: {number} key{'s' * (number > 1)}{rotation}")
    if site:
        _compare(endpoint(site), set(accepted))


def _accepted(place: Place, file: Any) -> dict[str, str]:
    from envybox.receiver import keys as ring

    if file:
        return ring.parse(file.read(), "--file")
    settings = place.settings
    if settings.keys.strip() or not settings.keys_file:
        return ring.parse(settings.keys, "ENVYBOX_KEYS")
    try:
        return ring.parse(Path(settings.keys_file).read_text("utf-8"), "ENVYBOX_KEYS_FILE")
    except (OSError, ValueError) as error:
        raise SettingsError("ENVYBOX_KEYS_FILE", f"it cannot be read: {error}.") from error


def _compare(url: str, accepted: set[str]) -> None:
    """Look for the widget's code in a page, and say what follows where it is a key."""
    try:
        with urllib.request.urlopen(url, timeout=30) as page:  # noqa: S310 - `endpoint` checks it
            text = page.read(_MOST_BYTES)
    except OSError as error:
        raise EnvyboxError(f"{url} cannot be read: {error}") from error
    codes = {code.decode() for code in _CODE.findall(text)}
    if not codes:
        raise EnvyboxError(
            f"There is no `wcb_code=` in {url}: a tag manager may load the widget. Open the page, "
            "and look for cbk.js among what the browser loads."
        )
    if codes & accepted:
        say(_EQUAL)
        raise click.exceptions.Exit(1)
    say(f"The widget's public code in {url} is none of the accepted keys.")
