"""`envybox send`: sends webhooks to the receiver, as Envybox would."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from envybox.operator import webhooks
from envybox.operator.group import Command
from envybox.operator.place import Place, say
from envybox.operator.push import endpoint
from envybox.operator.safe import plain
from envybox.operator.show import fields_of
from envybox.types import type_of
from envybox.webhook import Fields


@click.command(cls=Command, example="envybox send call --set phone=79000000000")
@click.argument("names", metavar="[TYPE]...", nargs=-1)
@click.option(
    "--url",
    default="http://localhost:8080/",
    envvar="ENVYBOX_URL",
    show_default=True,
    help="The receiver. [ENVYBOX_URL]",
)
@click.option(
    "--file", type=click.File(), help="Fields from a file of JSON, such as `event --raw`."
)
@click.option("--from", "source", metavar="ID", help="The fields of a stored event.")
@click.option("--edit", is_flag=True, help="Change them in your editor first.")
@click.option("--set", "changes", metavar="NAME=VALUE", multiple=True, help="Change a field.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How often.")
@click.option("--rate", type=click.FloatRange(0.01), help="At most so many a second.")
@click.option("--multipart", is_flag=True, help="As multipart/form-data, not as a form.")
@click.option("--json", "as_lines", is_flag=True, help="One object a line.")
@click.pass_obj
def send(
    place: Place,
    *,
    names: tuple[str, ...],
    url: str,
    file: Any,
    source: str | None,
    edit: bool,
    changes: tuple[str, ...],
    count: int,
    rate: float | None,
    multipart: bool,
    as_lines: bool,
) -> None:
    """Send lifelike webhooks: of types, or a `call` as it happens (the default).

    The key is ENVYBOX_KEY, else the first of the receiver's settings, else that of `make run`.
    What is sent anew from a stored event is a webhook like any other: unchanged it is a repeat.
    """
    url = endpoint(url)
    key = webhooks.key_of(place)
    failed = 0
    started, sent = time.monotonic(), 0
    say(f"receiver {url}")
    text = file.read() if file else None
    for _ in range(count):
        for fields in _fields(place, names, text, source):
            chosen = _edited(_changed(fields, changes), edit=edit)
            if rate:
                time.sleep(max(0.0, started + sent / rate - time.monotonic()))
            answer = webhooks.send(url, chosen, key, multipart=multipart)
            sent += 1
            failed += not 200 <= answer.status < 300
            click.echo(_line(chosen, answer, as_line=as_lines))
    if failed:
        raise click.exceptions.Exit(1)


def _fields(
    place: Place, names: tuple[str, ...], text: str | None, source: str | None
) -> list[Fields]:
    if sum(map(bool, (names, text, source))) > 1:
        raise click.UsageError("TYPE, --file and --from exclude one another.")
    if text:
        try:
            return [webhooks.parse(text)]
        except ValueError as error:
            raise click.BadParameter(
                f"it is no JSON list of pairs of text, nor an object ({error})",
                param_hint="--file",
            ) from error
    if source:
        found = place.lookup().get(source)
        fields = found and fields_of(found)
        if not isinstance(fields, list):
            raise click.BadParameter(f"there is no event {source!r}.", param_hint="--from")
        return [fields]
    known = webhooks.names()
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}.", param_hint="TYPE")
    return [fields for name in names or (webhooks.CALL,) for fields in webhooks.lifelike(name)]


def _changed(fields: Fields, changes: tuple[str, ...]) -> Fields:
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{change!r} is not NAME=VALUE.", param_hint="--set")
        fields = webhooks.put(fields, name, value)
    return fields


def _edited(fields: Fields, *, edit: bool) -> Fields:
    if not edit:
        return fields
    text = click.edit(json.dumps(fields, ensure_ascii=False, indent=1), extension=".json")
    if text is None:
        say("Not saved: nothing is sent.")
        sys.exit(1)
    try:
        return webhooks.parse(text)
    except ValueError as error:
        raise click.ClickException(f"What was edited is no list of fields: {error}") from error


def _line(fields: Fields, answer: webhooks.Answer, *, as_line: bool) -> str:
    number = dict(fields).get("webhooktype", "")
    type_ = type_of(int(number)) if number.isdecimal() and number.isascii() else type_of(None)
    milliseconds = round(answer.seconds * 1000)
    if as_line:
        return json.dumps(
            {
                "type": type_,
                "http_status": answer.status,
                "status": answer.text,
                "id": answer.event_id,
                "milliseconds": milliseconds,
            }
        )
    head = f"[{answer.status or '---'}] {type_:<14} {plain(answer.text)}"
    return f"{head}  {plain(answer.event_id)}  ({milliseconds} ms)"
