"""The console with 100,000 events: `python -m bench console`, its list against Datasette's.

`python -m bench.console` takes each of its pages alone, and writes docs/console.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench import datasette
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.lifelike import fill
from docs.generate import put
from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Feed
from envybox.operator.console.owed import Owed
from envybox.operator.place import Place
from envybox.ports.lookup import Filters, scan

PAGE = Path(__file__).parents[1] / "docs" / "console.md"
MARKS = ("<!-- figures -->\n", "<!-- /figures -->")
Took = tuple[float, float]
EVENTS, DAYS, RUNS = 100_000, 60, 15
PAGES = {
    "first page": "/events",
    "all times": "/events?period=all",
    "30 days": "/events?period=30d",
    "by type": "/events?type=call.info&period=all",
    "by a rare type": "/events?type=lead.video&period=all",
    "by state": "/events?state=operator_busy&period=all",
    "by site": "/events?site=okna.example.org&period=all",
    "by type, state and site": "/events?type=call.info&state=answered&site=example.com&period=all",
    "with warnings": "/events?warnings=1",
    "pending": "/events?pending=1",
    "by phone": "/events?phone=79000000500",
    "by call": "/events?call=9000500",
    "an hour of a month ago": "/events?since=720h&until=719h",
    "charts and counts": "/events/panel",
    "search": "/find?q=9000500",
}

_TYPE = "json_extract(event, '$.type') = 'call.info'"
_SITE = "json_extract(event, '$.page.site') = 'okna.example.org'"
LISTS = {
    "newest": ("/events?period=all", "erased_at is null"),
    "of a type": ("/events?period=all&type=call.info", _TYPE),
    "of a type and site": (
        "/events?period=all&type=call.info&site=okna.example.org",
        f"{_TYPE} and {_SITE}",
    ),
}
"""Lists of 50 events that both show: the console's path, and Datasette's condition.

The conditions are the console's own, so that the same indexes serve both.
"""

LEAST = {
    "_nofacet": ["1"], "_nosuggest": ["1"], "_nocount": ["1"], "_col": ["received_at", "event"]
}  # fmt: skip
"""What has Datasette do no more than show rows: no counts, no facets, two columns."""

_IDS = re.compile(rb"\b[0-9a-f]{32}\b")


def compare(effort: Effort) -> list[Figure]:
    """Ask both for the same lists, one request after the other over HTTP, in turns."""
    events = EVENTS if effort.rounds > 1 else 2_000
    samples: Samples = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program = datasette.installed(folder / "datasette")
        path = str(folder / "envybox.db")
        fill(path, events, DAYS, datetime.now(UTC))
        ours = _up(stack.enter_context(datasette.console(path)))
        theirs = _up(stack.enter_context(datasette.served(program, path)))
        asked = {}
        for name, (url, where) in LISTS.items():
            asked[f"console {name}"] = (ours, url)
            asked[f"datasette {name}"] = (theirs, datasette.url(where))
            asked[f"bare {name}"] = (theirs, datasette.url(where, **LEAST))
            _same(asked[f"console {name}"], asked[f"bare {name}"])
        runs = [
            lambda name=name, port=port, url=url: samples.setdefault(name, []).append(
                _median(port, url, effort.seconds)
            )
            for name, (port, url) in asked.items()
        ]
        for _ in range(effort.rounds):
            there_and_back(runs, effort)
    return [
        figure(samples, f"50 {name}, {events:,} events, p50", "ms", f"console {name}", peer, **goal)
        for name in LISTS
        for peer, goal in (("datasette", {"goal": 0.5}), ("bare", {}))
    ]


def _up(port: int) -> int:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            _get_once(port, "/")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return port


def _get_once(port: int, url: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        return _get(connection, url)


def _get(connection: http.client.HTTPConnection, url: str) -> bytes:
    connection.request("GET", url)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{url}: {answer.status}")
    return body


def _same(ours: tuple[int, str], theirs: tuple[int, str]) -> None:
    """Make sure that both show the same 50 events."""
    shown = []
    for port, url in (ours, theirs):
        body = _get_once(port, url)
        shown.append(set(_IDS.findall(body)))
    if shown[0] != shown[1] or len(shown[0]) != 50:
        raise RuntimeError(f"{ours[1]}: {len(shown[0])} and {len(shown[1])} events, not the same")


def _median(port: int, url: str, seconds: float) -> float:
    """Return the median of requests, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(took) < 3:
        start = time.perf_counter()
        _get(connection, url)
        took.append((time.perf_counter() - start) * 1000)
    connection.close()
    return statistics.median(took)


async def measure(path: str) -> list[str]:
    """Ask for each page some times; return rows of a table, in milliseconds."""
    rows = ["| | processor | on the wall | the longest |", "|---|---|---|---|"]
    place = Place({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": path})
    desk = Desk.of(place)
    app = build(desk, Feed(desk), hosts=["localhost:1"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:1") as client:
        for name, url in PAGES.items():
            await client.get(url)
            took = []
            for _ in range(RUNS):
                start = now()
                answer = await client.get(url)
                took.append(since(start))
                if answer.status_code >= 400:
                    raise SystemExit(f"{url}: {answer.status_code}")
            rows.append(row(name, took))
    newest = desk.lookup.page(Filters(), limit=1).events[0].event.received_at
    for name, asked in (
        ("a poll that finds one event", lambda: list(scan(desk.lookup, Filters(since=newest)))),
        ("what is owed", Owed(desk).now),
    ):
        took = []
        for _ in range(100):
            start = now()
            asked()
            took.append(since(start))
        rows.append(row(name, took))
    return rows


def now() -> Took:
    """Return the time on the wall, and of the processor for this process alone."""
    return time.perf_counter() * 1000, time.process_time() * 1000


def since(start: Took) -> Took:
    """Return how long it took, in milliseconds."""
    wall, processor = now()
    return wall - start[0], processor - start[1]


def row(name: str, took: list[Took]) -> str:
    """Return a row of the table."""
    wall, processor = zip(*took, strict=True)
    return (
        f"| {name} | {statistics.median(processor):.0f} | {statistics.median(wall):.0f} |"
        f" {max(wall):.0f} |"
    )


def main() -> None:
    """Fill a file, or take the one that is named; measure, and write it into docs/console.md."""
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "envybox.db")
        if not Path(path).exists():
            fill(path, EVENTS, DAYS, datetime.now(UTC))
        table = "\n".join(asyncio.run(measure(path)))
    print(table)
    PAGE.write_text(put(PAGE.read_text("utf-8"), MARKS[0], table + "\n", MARKS[1]), "utf-8")


if __name__ == "__main__":
    main()
