"""Options that several commands have: which events."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import click

from envybox.event import CALL_STATES
from envybox.operator.place import Place
from envybox.ports.lookup import Filters
from envybox.types import TYPES

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_OPTIONS = (
    click.option("--type", type=click.Choice([row.type for row in TYPES]), help="Of this type."),
    click.option("--site", metavar="DOMAIN", help="Of this site, as Envybox spells it."),
    click.option("--state", type=click.Choice(CALL_STATES), help="Whose call ended so."),
    click.option("--account", metavar="LABEL", help="Of the key with this label."),
    click.option("--phone", metavar="NUMBER", help="Of this phone, in any spelling."),
    click.option("--email", metavar="ADDRESS", help="Of this e-mail address."),
    click.option("--visitor", metavar="ID", help="Of this visitor."),
    click.option("--call", metavar="ID", help="Of this call."),
    click.option("--chat", metavar="ID", help="Of this chat."),
    click.option("--pending", is_flag=True, help="Not published yet; the oldest first."),
    click.option("--warnings", is_flag=True, help="Not normalized wholly."),
    click.option(
        "--since",
        metavar="TIME",
        help="Received from then on: `2026-11-22`, `2026-11-22T09:00`, or `3h` ago (smhdw).",
    ),
    click.option("--until", metavar="TIME", help="Received before then."),
)


def filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose events; it gets the place, and `filters`."""

    @wraps(function)
    def command(place: Place, /, **given: Any) -> Any:
        names = Filters.__struct_fields__
        asked = {name: given.pop(name) for name in list(given) if name in names}
        return function(place, filters=filters_of(place, asked), **given)

    decorated: Callable[..., Any] = click.pass_obj(command)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def filters_of(place: Place, asked: dict[str, Any]) -> Filters:
    """Return filters of what was asked for, as text. Raises `click.BadParameter`."""
    asked = {name: value for name, value in asked.items() if value is not None}
    if "phone" in asked:
        asked["phone"] = phone(asked["phone"], place.settings.phone_region)
    for name in asked.keys() & {"since", "until"}:
        asked[name] = moment(
            asked[name], place.settings.timezone, datetime.now(UTC), option=f"--{name}"
        )
    return Filters(**asked)


def phone(text: str, region: str) -> str:
    """Return a number in E.164, or the text where it is none: it may have been received so."""
    from envybox.receiver.normalize.phone import e164

    try:
        return e164(text, region)
    except ValueError:
        return text.strip()


def moment(text: str, zone: ZoneInfo, now: datetime, *, option: str = "--since") -> datetime:
    """Return the time that a text means: a date, a time (of `zone`), or how long before `now`."""
    text = text.strip()
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text!r} is no time: it takes `2026-11-22`, `2026-11-22T09:00` or `3h`.",
            param_hint=option,
        ) from error
