"""The page `Now`: what comes in, live, filtered, counted; and its twins in JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from envybox.errors import EnvyboxError
from envybox.operator.charts import Bar, bars, shares
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Missed
from envybox.operator.console.overview import Overview, Stretch, overview
from envybox.operator.console.owed import Gauges
from envybox.operator.console.query import PERIODS, Query, guess, parse
from envybox.operator.console.row import row_of
from envybox.operator.console.stories import KINDS
from envybox.operator.console.view import View, json_response
from envybox.ports.lookup import PAGE, Filters, Found, decode_cursor, encode_cursor, place

PATH = "/events"


def page(request: Request) -> Response:
    """Return the list as a page: one reading of the store gives its rows, charts and counts."""
    desk, view, query = asked(request)
    listing = desk.lookup.page(query.filters, limit=desk.sample)
    shown, cursor = listing.events[:PAGE], listing.cursor
    if query.cursor:
        rest = desk.lookup.page(query.filters, limit=PAGE, cursor=query.cursor)
        shown, cursor = rest.events, rest.cursor
    elif len(listing.events) > PAGE:
        cursor = encode_cursor(*place(shown[-1]))
    live = not (query.cursor or query.filters.pending or query.filters.until)
    return view.page(
        "events.html",
        query=query,
        rows=list(map(row_of, shown)),
        next_url=query.url(PATH, cursor=cursor) if cursor else "",
        gauges=request.app.state.feed.owed.now(),
        first_start=not shown and not desk.lookup.page(Filters(), limit=1).events,
        live_url=query.url(f"{PATH}/live", after=_newest(listing.events, view.now)) if live else "",
        **_panel(desk, view, query, listing.events, complete=not listing.cursor),
    )


def panel(request: Request) -> Response:
    """Return the charts and counts alone, for a page that has new rows."""
    desk, view, query = asked(request)
    listing = desk.lookup.page(query.filters, limit=desk.sample)
    return view.page(
        "panel.html",
        query=query,
        **_panel(desk, view, query, listing.events, complete=not listing.cursor),
    )


def twin(request: Request) -> Response:
    """Return the list as JSON."""
    desk, _, query = asked(request)
    listing = desk.lookup.page(query.filters, cursor=query.cursor)
    more = query.url(f"{PATH}.json", cursor=listing.cursor) if listing.cursor else None
    return json_response({"events": [found.event for found in listing.events], "next": more})


async def live(request: Request) -> Response:
    """Return the list's stream: a row for each event that comes in, and what is owed."""
    _, view, query = asked(request)
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    try:
        decode_cursor(after)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    return StreamingResponse(_stream(request, view, query, after), media_type="text/event-stream")


async def _stream(request: Request, view: View, query: Query, after: str) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    try:
        async for item in request.app.state.feed.listen(query.filters, after):
            if isinstance(item, Found):
                row = view.draw("rows.html", rows=[row_of(item)], fresh=True)
                yield _message("row", row, encode_cursor(*place(item)))
            elif isinstance(item, Gauges):
                yield _message("gauges", view.draw("gauges.html", gauges=item))
            else:
                yield ": ping\n\n"
    except Missed:
        yield _message("missed", "")
    except EnvyboxError as error:
        yield _message("gauges", view.draw("gauges.html", gauges=Gauges(trouble=str(error))))


def _message(event: str, data: str, place: str = "") -> str:
    lines = [f"event: {event}", *([f"id: {place}"] if place else ())]
    lines += [f"data: {line}" for line in data.split("\n")]
    return "\n".join((*lines, "\n"))


def find(request: Request) -> Response:
    """Lead from the search box to what was meant: an event, a story, or a list."""
    desk: Desk = request.app.state.desk
    view = View.of(request)
    meant = guess(request.query_params.get("q", ""))
    if "event" in meant:
        return RedirectResponse(f"{PATH}/{meant['event']}", 303)
    meanings = [_parsed(desk, view, {name: text, "period": "all"}) for name, text in meant.items()]
    found = (query for query in meanings if desk.lookup.page(query.filters, limit=1).events)
    query = next(found, meanings[0])
    (name, text), *_ = query.chosen.items()
    url = f"/{name}?{urlencode({'id': text})}" if name in KINDS else query.url(PATH)
    return RedirectResponse(url, 303)


def _parsed(desk: Desk, view: View, parameters: Mapping[str, str]) -> Query:
    region = desk.place.settings.phone_region
    return parse(parameters, now=view.now, zone=desk.zone, region=region)


def asked(request: Request) -> tuple[Desk, View, Query]:
    """Return the desk, the view and what the URL asks for. Raises `HTTPException`."""
    desk: Desk = request.app.state.desk
    view = View.of(request)
    try:
        query = _parsed(desk, view, request.query_params)
        if query.cursor:
            decode_cursor(query.cursor)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    return desk, view, query


def _newest(events: list[Found], now: datetime) -> str:
    if events:
        return encode_cursor(*place(events[0]))
    return encode_cursor(now.astimezone(UTC).isoformat(), "0" * 32)


def _panel(
    desk: Desk, view: View, query: Query, events: list[Found], *, complete: bool
) -> dict[str, Any]:
    told = overview(events, query.filters, complete=complete, now=view.now, zone=desk.zone)
    return {
        "overview": told,
        "periods": list(PERIODS),
        # Markup: what they hold of a payload, `charts` has escaped.
        "charts": [Markup(_chart(view, query, told, width)) for width in (1260, 420)],  # noqa: S704
        "shares": Markup(shares(told.figures["by"]["state"], view.t("panel.states"))),  # noqa: S704
    }


def _chart(view: View, query: Query, told: Overview, width: int) -> str:
    drawn, labels = [], _labels(view, told.stretches, width // 56)
    clock = view.clock
    for stretch, label in zip(told.stretches, labels, strict=True):
        since, until = clock.minute(stretch.since), clock.minute(stretch.until)
        if clock.day(stretch.since) == clock.day(stretch.until):
            until = until.rpartition(" ")[2]
        kinds = [f"{view.name('type', kind)}: {n}" for kind, n in stretch.types.items()]
        times = {"since": clock.field(stretch.since), "until": clock.field(stretch.until)}
        title = f"{since} – {until} · {', '.join(kinds) or '0'}"
        url = query.url(PATH, **times, period=None)
        drawn.append(Bar(stretch.types, title, label, url))
    return bars(drawn, view.t("panel.chart"), width=width)


def _labels(view: View, stretches: list[Stretch], most: int) -> list[str]:
    """Return what stands below each bar, '' for most: times within a day, else dates."""
    days = [view.clock.day(stretch.since) for stretch in stretches]
    if len(set(days)) > 2:
        texts = [
            day if day != before else "" for day, before in zip(days, ["", *days], strict=False)
        ]
    else:
        texts = [view.clock.field(stretch.since)[11:] for stretch in stretches]
    every = max(1, -(-sum(map(bool, texts)) // most))
    numbered = accumulate(map(bool, texts))
    return [text if n % every == 0 else "" for text, n in zip(texts, numbered, strict=True)]
