"""The console as an ASGI app: what is where, and what becomes of errors."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from envybox.errors import EnvyboxError, Unaskable
from envybox.operator.console import downloads, event, health, lists, replays, send, stories
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Feed
from envybox.operator.console.safety import Guard
from envybox.operator.console.view import HERE, LANGUAGE_COOKIE, View, json_response
from envybox.operator.console.words import LANGUAGES

_HERE = re.compile(r"/(?![/\\]).*")
"""A path on this host; browsers take `//name` for another's."""


def build(desk: Desk, feed: Feed, *, hosts: Iterable[str], token: str = "", port: int = 0) -> Guard:
    """Return the console of a desk, with its feed, behind its guard (see `safety`)."""
    sending = SENDING if desk.receiver and not desk.deployed else ()
    app = Starlette(
        routes=[*ROUTES, *sending],
        exception_handlers={HTTPException: _refused, EnvyboxError: _troubled},
    )
    app.state.desk = desk
    app.state.feed = feed
    return Guard(app, allowed=hosts, token=token, port=port)


def _language(request: Request) -> Response:
    """Take a language, and lead back to where it was taken."""
    code = request.path_params["code"]
    if code not in LANGUAGES:
        raise HTTPException(404)
    back = request.query_params.get("back", "")
    answer = RedirectResponse(back if _HERE.fullmatch(back) else "/", 303)
    answer.set_cookie(LANGUAGE_COOKIE, code, max_age=31536000, httponly=True, samesite="lax")
    return answer


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    return _message(request, error.status_code, error.detail)


def _troubled(request: Request, error: Exception) -> Response:
    return _message(request, 400 if isinstance(error, Unaskable) else 503, str(error))


def _message(request: Request, status: int, detail: str) -> Response:
    if request.url.path.endswith(".json"):
        return json_response({"error": detail}, status)
    view = View.of(request)
    known = {400: "error.question", 404: "error.unknown", 503: "error.store"}
    return view.page(
        "message.html", status, heading=view.t(known.get(status, "error.other")), detail=detail
    )


ROUTES = (
    Route("/", lambda _: RedirectResponse(lists.PATH)),
    Route("/events", lists.page),
    Route("/events.json", lists.twin),
    Route("/events/panel", lists.panel),
    Route("/events/live", lists.live),
    Route("/events/export.{kind:str}", downloads.export),
    Route("/events/{id:str}.json", event.twin),
    Route("/events/{id:str}", event.page),
    Route("/events/{id:str}/replay", replays.to_url, methods=["POST"]),
    Route("/events/{id:str}/publish", replays.confirm),
    Route("/events/{id:str}/publish", replays.publish, methods=["POST"]),
    Route("/find", lists.find),
    Route("/health", health.page),
    Route("/health.json", health.twin),
    Route("/language/{code:str}", _language),
    *(Route(f"/{kind}", stories.page) for kind in stories.KINDS),
    *(Route(f"/{kind}.json", stories.twin) for kind in stories.KINDS),
    Mount("/static", StaticFiles(directory=HERE / "static")),
)

SENDING = (
    Route("/send", send.page),
    Route("/send", send.send, methods=["POST"]),
)
"""Not on a deployed project, whose store is for real visitors alone."""
