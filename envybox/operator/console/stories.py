"""The pages of a call, a chat and a visitor: their stories, as subscribers are told them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from envybox.event import Event
from envybox.operator.console.desk import Desk
from envybox.operator.console.view import View, json_response
from envybox.ports.lookup import Filters
from envybox.subscriber.stories import Story, call_story, chat_story, visitor_story

LIMIT = 1000
"""How many events of one story are read at most: the latest ones."""

KINDS: dict[str, Callable[[Iterable[Event]], Story]] = {
    "call": call_story,
    "chat": chat_story,
    "visitor": visitor_story,
}
"""What has a story; each is the path of its page."""


def page(request: Request) -> Response:
    """Return a story as a page."""
    kind, story = _story(request)
    return View.of(request).page(f"{kind}.html", story=story, kind=kind)


def twin(request: Request) -> Response:
    """Return a story as JSON."""
    return json_response(_story(request)[1])


def _story(request: Request) -> tuple[str, Any]:
    """Return which story is asked for, and the story; of the latest account that has the id."""
    kind = request.url.path.removesuffix(".json").lstrip("/")
    asked: dict[str, str | None] = {kind: request.query_params.get("id", "")}
    asked["account"] = request.query_params.get("account")
    desk: Desk = request.app.state.desk
    found = desk.lookup.page(msgspec.convert(asked, Filters), limit=LIMIT).events
    if not found:
        raise HTTPException(404)
    account = found[0].event.account
    events = [one.event for one in found if one.event.account == account]
    return kind, KINDS[kind](events)
