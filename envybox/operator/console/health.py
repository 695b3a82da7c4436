"""The page `Health`: what `doctor` says without sending, what is pending, how many are dead."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from envybox.errors import EnvyboxError
from envybox.operator.checks import BAD, OK, Check
from envybox.operator.commands.doctor import checks
from envybox.operator.console.desk import Desk
from envybox.operator.console.row import Row, row_of
from envybox.operator.console.view import View, json_response
from envybox.ports.lookup import Filters

SHOWN = 20
"""How many pending events are shown, those that have waited longest."""

LETTERS = 100
"""How many dead letters of a subscription are counted: they are taken for that, and put back."""


def page(request: Request) -> Response:
    """Return the page; what is checked comes as it is known, and holds nothing else up."""
    desk: Desk = request.app.state.desk
    rows, trouble = _pending(desk)
    counting = not desk.place.is_local and request.query_params.get("dead") == "1"
    return View.of(request).streamed(
        "health.html",
        checks=_checks(desk),
        letters=_dead(desk) if counting else None,
        rows=rows,
        trouble=trouble,
    )


def twin(request: Request) -> Response:
    """Return the checks as JSON."""
    return json_response({"checks": [check._asdict() for check in _checks(request.app.state.desk)]})


def _pending(desk: Desk) -> tuple[list[Row], str]:
    """Return what waits, or why that is not known."""
    try:
        found = desk.lookup.page(Filters(pending=True), limit=SHOWN).events
    except EnvyboxError as error:
        return [], str(error)
    return list(map(row_of, found)), ""


def _checks(desk: Desk) -> Iterator[Check]:
    try:
        yield from checks(desk.place, desk.lookup, desk.receiver or None, send=False)
    except EnvyboxError as error:  # it went away between two checks
        yield Check("store", BAD, str(error), "envybox doctor")


def _dead(desk: Desk) -> Iterator[Check]:
    """Count what waits in each subscription to dead letters."""
    from envybox.operator.subscriptions import Subscriptions

    try:
        subscriptions = Subscriptions(desk.place.project)
        names = (one.name.rpartition("/")[2] for one in subscriptions.listed())
        for name in sorted(name for name in names if name.endswith("-dead")):
            with subscriptions.taken(name, LETTERS) as taken:
                number = f"{len(taken)}{'+' if len(taken) == LETTERS else ''}"
                remedy = f"envybox dead {name}"
                yield Check(name, BAD, number, remedy) if taken else Check(name, OK, number)
    except EnvyboxError as error:
        yield Check("dead letters", BAD, str(error), "roles/pubsub.editor")
