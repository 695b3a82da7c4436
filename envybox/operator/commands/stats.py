"""`envybox stats`: what came, in numbers."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from envybox.operator.charts import Bar, bars, shares
from envybox.operator.figures import figures
from envybox.operator.group import Command
from envybox.operator.options import filtered
from envybox.operator.place import Place, say
from envybox.operator.safe import plain
from envybox.ports.lookup import Filters, scan

_WIDTH = 40
_ROWS = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_STYLE = (
    "body{font:16px system-ui;margin:2rem auto;max-width:50rem}table{border-collapse:collapse}"
    "td{padding:.1rem .5rem}td:nth-child(2){text-align:right;font-variant-numeric:tabular-nums}"
    "svg{max-width:100%;height:auto}td svg{width:300px;height:12px}.k-other{fill:#4a7ab5}"
)


@click.command(cls=Command, example="envybox stats --since 30d --html report.html")
@filtered
@click.option("--json", "as_line", is_flag=True, help="One object.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one page that needs nothing else.",
)
def stats(place: Place, *, filters: Filters, as_line: bool, page: Path | None) -> None:
    """Count events, leads, calls and chats: by type, state, site, source, campaign and hour.

    The missed share is of calls, not of webhooks: one call brings several. On Firestore each event
    that is counted is a read, and how many that will be is told first.
    """
    lookup = place.lookup()
    if not place.is_local:
        say(f"This reads {lookup.count(filters).number:,} documents.")
    told = figures(scan(lookup, filters), place.settings.timezone)
    if page:
        page.write_text(_page(place, told), "utf-8")
        say(f"Written: {page}")
    if as_line:
        click.echo(json.dumps(told))
    elif not page:
        for line in _drawn(told):
            click.echo(line)


def _head(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "events", f"{told['events']:,}"
    yield "leads", f"{told['leads']:,} different phones or addresses"
    yield "chats", f"{told['chats']:,}"
    yield "calls", f"{told['calls']:,}"
    if told["missed_share"] is not None:
        known = told["answered"] + told["missed"]
        yield "missed", f"{told['missed_share']:.1%} of {known:,} calls whose end is known"
    if told["wait_median_seconds"] is not None:
        yield "wait", f"{told['wait_median_seconds']:.0f} s until the talk, median"


def _drawn(told: dict[str, Any]) -> Iterator[str]:
    for name, text in _head(told):
        yield f"{name:<8}{text}"
    for name, counts in told["by"].items():
        if counts:
            yield ""
            yield f"by {name}"
        most = max(counts.values(), default=1)
        rows = list(counts.items())
        for value, number in rows if name == "hour" else rows[:_ROWS]:
            yield f"  {plain(value)[:24]:<24} {number:>9,} {_bar(number / most)}"
        if name != "hour" and len(rows) > _ROWS:
            rest = sum(number for _, number in rows[_ROWS:])
            yield f"  {'others':<24} {rest:>9,}"


def _bar(share: float) -> str:
    eighths = round(share * _WIDTH * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _page(place: Place, told: dict[str, Any]) -> str:
    parts = [
        (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Envybox</title>'
            f"<style>{_STYLE}</style><h1>Envybox</h1>"
            f"<p>{_escaped(place.name)}, {place.time(datetime.now(UTC))}</p><table>"
        )
    ]
    parts += [f"<tr><td>{name}</td><td>{text}</td></tr>" for name, text in _head(told)]
    parts.append("</table>")
    for name, counts in told["by"].items():
        parts.append(f"<h2>By {name}</h2>")
        parts.append(_by_hour(counts) if name == "hour" else _table(counts))
    return "".join(parts) + "</html>\n"


def _by_hour(counts: dict[str, int]) -> str:
    hours = [f"{hour:02}" for hour in range(24)]
    drawn = [
        Bar({"": counts.get(hour, 0)}, f"{hour}:00: {counts.get(hour, 0):,}", hour)
        for hour in hours
    ]
    return bars(drawn, "Events by the hour of the day")


def _table(counts: dict[str, int]) -> str:
    most = max(counts.values(), default=1)
    rows = [
        f"<tr><td>{_escaped(value)}</td><td>{number:,}</td>"
        f"<td>{shares({value: number}, f'{number:,}', of=most, width=300, height=12)}</td></tr>"
        for value, number in counts.items()
    ]
    return f"<table>{''.join(rows)}</table>"


def _escaped(text: str) -> str:
    return html.escape(plain(text))
