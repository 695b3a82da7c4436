"""How long the console takes for a page with 100,000 events: `python -m bench.console`."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.lifelike import fill
from docs.generate import put
from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk, gauges
from envybox.operator.console.live import Feed
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
        ("what is owed", lambda: gauges(desk.lookup)),
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
