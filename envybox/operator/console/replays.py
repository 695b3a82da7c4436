"""What the console sends again: an event to one URL, or to its topic, by the operator's replay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import click
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from envybox.event import Event
from envybox.operator import journal
from envybox.operator.console import event as event_page
from envybox.operator.console import forms
from envybox.operator.console.desk import Desk
from envybox.operator.console.event import Done
from envybox.operator.console.view import View
from envybox.operator.engine import Deliver, run
from envybox.operator.journal import Plan
from envybox.operator.outlet import open_outlet
from envybox.operator.push import Answer, endpoint, post
from envybox.ports.lookup import Found
from envybox.ports.publish import Message
from envybox.testing.envelope import Sent, wrapped
from envybox.types import topic_of


async def to_url(request: Request) -> Response:
    """Post an event to one URL, as a push subscription would; nothing is published."""
    form = await forms.read(request)
    return await run_in_threadpool(_to_url, request, forms.first(form, "url").strip())


def _to_url(request: Request, url: str) -> Response:
    desk, found = event_page.found_of(request)
    view = View.of(request)
    try:
        endpoint(url)
    except click.BadParameter as error:
        done = Done(well=False, text=error.message)
        return event_page.drawn(request, found, done, url)
    answers: list[Answer] = []

    def deliver(batch: list[tuple[Event, Message]]) -> Iterable[str]:
        for event, message in batch:
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            sent = Sent(f"replay-{event.id}", now, "projects/console/subscriptions/replay")
            answers.append(post(url, wrapped(message, sent)))
            yield answers[-1].problem

    _run(desk, found, deliver, to=url)
    if not answers:  # pending, or erased: the engine leaves it alone
        return event_page.drawn(request, found, Done(well=False, text=view.t("done.left")), url)
    well = not answers[0].problem
    done = Done(well, view.t("done.posted" if well else "done.not_posted", answer=answers[0]))
    return event_page.drawn(request, found, done, url)


def confirm(request: Request) -> Response:
    """Ask before an event is published again: tell which subscriptions will get it."""
    desk, found = event_page.found_of(request)
    topic = _topic(desk, found.event)
    return View.of(request).page(
        "publish.html",
        event=found.event,
        topic=topic,
        subscriptions=open_outlet(desk.place).subscriptions(topic),
    )


async def publish(request: Request) -> Response:
    """Publish an event again, to every subscription of its topic."""
    form = await forms.read(request)
    return await run_in_threadpool(_publish, request, again=forms.first(form, "again") == "1")


def _publish(request: Request, *, again: bool) -> Response:
    desk, found = event_page.found_of(request)
    view = View.of(request)
    outlet = open_outlet(desk.place)
    problems: list[str] = []

    def deliver(batch: list[tuple[Event, Message]]) -> Iterable[str]:
        problems.extend(outlet.publish([(_topic(desk, one), message) for one, message in batch]))
        return problems

    _run(desk, found, deliver, again=again)
    if problems == [""]:
        done = Done(well=True, text=view.t("done.published"))
    else:
        done = Done(well=False, text="".join(problems) or view.t("done.left"))
    return event_page.drawn(request, found, done)


def _topic(desk: Desk, event: Event) -> str:
    return topic_of(desk.place.settings.topic_prefix, event.type)


def _run(
    desk: Desk, found: Found, deliver: Deliver, *, to: str | None = None, again: bool = False
) -> None:
    """Run a replay of one event; it leaves nothing to go on with."""
    name = f"console-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    plan = Plan(name=name, place=desk.place.name, to=to, again=again)
    ids = [found.event.id]
    noted = journal.start(plan, ids)
    try:
        run(desk.lookup, noted, deliver, desk.place.settings, rate=100.0)
    finally:
        noted.done(ids)
        noted.close()
