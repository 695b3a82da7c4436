"""The page that sends: a webhook from a sample or from a stored event, changed as one likes."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from envybox.errors import EnvyboxError
from envybox.operator import webhooks
from envybox.operator.console import forms
from envybox.operator.console.desk import Desk
from envybox.operator.console.event import Done, fields_of
from envybox.operator.console.view import View
from envybox.webhook import Fields


def page(request: Request) -> Response:
    """Return the form, with the fields of a sample or of an event."""
    desk: Desk = request.app.state.desk
    source, name = request.query_params.get("from"), request.query_params.get("type")
    names = webhooks.names()
    if source is not None:
        found = desk.lookup.get(source)
        if found is None:
            raise HTTPException(404)
        return _drawn(request, fields_of(found), chosen="")
    if name is not None and name not in names:
        raise HTTPException(404)
    chosen = name or names[1]
    return _drawn(request, webhooks.lifelike(chosen)[0], chosen=chosen)


async def send(request: Request) -> Response:
    """Send what the form has, or a whole call, to the receiver."""
    form = await forms.read(request)
    pairs = zip(form.get("name", []), form.get("value", []), strict=False)
    fields = [(name, value) for name, value in pairs if name.strip()]
    return await run_in_threadpool(_send, request, fields, story=forms.first(form, "story") == "1")


def _send(request: Request, fields: Fields, *, story: bool) -> Response:
    desk: Desk = request.app.state.desk
    sent = webhooks.lifelike(webhooks.CALL) if story else [fields]
    try:
        key = webhooks.key_of(desk.place)
    except EnvyboxError as error:
        return _drawn(request, sent[0], chosen="", outcome=[Done(well=False, text=str(error))])
    answers = [webhooks.send(desk.receiver, one, key, multipart=False) for one in sent]
    outcome = [
        Done(
            well=200 <= answer.status < 300,
            text=f"[{answer.status or '---'}] {answer.text} · {answer.seconds * 1000:.0f} ms",
            event_id=answer.event_id,
        )
        for answer in answers
    ]
    return _drawn(request, sent[-1], chosen="", outcome=outcome)


def _drawn(
    request: Request, fields: Fields, *, chosen: str, outcome: list[Done] | None = None
) -> Response:
    return View.of(request).page(
        "send.html",
        fields=fields,
        chosen=chosen,
        names=webhooks.names()[1:],
        outcome=outcome or [],
    )
