"""The page `Health`: what `doctor` can tell without the receiver, and what is pending."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from envybox.operator.checks import of_pubsub, of_store
from envybox.operator.console.desk import Desk
from envybox.operator.console.row import row_of
from envybox.operator.console.view import View
from envybox.ports.lookup import Filters

SHOWN = 20
"""How many pending events are shown, those that have waited longest."""


def page(request: Request) -> Response:
    """Return the page; each time that it is loaded, all is checked anew."""
    desk: Desk = request.app.state.desk
    checks = list(of_store(desk.place, desk.lookup))
    if not desk.place.is_local:
        checks += of_pubsub(desk.place)
    pending = desk.lookup.page(Filters(pending=True), limit=SHOWN).events
    return View.of(request).page("health.html", checks=checks, rows=list(map(row_of, pending)))
