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
from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk, gauges
from envybox.operator.console.live import Feed
from envybox.operator.place import Place
from envybox.ports.lookup import Filters, scan

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


async def measure(path: str) -> None:
    """Ask for each page some times; print the median and the longest, in milliseconds."""
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
            tell(name, took)
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
        tell(name, took)


def now() -> Took:
    """Return the time on the wall, and of the processor for this process alone."""
    return time.perf_counter() * 1000, time.process_time() * 1000


def since(start: Took) -> Took:
    """Return how long it took, in milliseconds."""
    wall, processor = now()
    return wall - start[0], processor - start[1]


def tell(name: str, took: list[Took]) -> None:
    """Print a line."""
    wall, processor = zip(*took, strict=True)
    print(
        f"{name:<30} {statistics.median(wall):8.1f} {max(wall):8.1f}"
        f" {statistics.median(processor):10.1f}"
    )


def main() -> None:
    """Fill a file, or take the one that is named, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "envybox.db")
        if not Path(path).exists():
            fill(path, EVENTS, DAYS, datetime.now(UTC))
        print(f"{'milliseconds':<30} {'median':>8} {'longest':>8} {'processor':>10}")
        asyncio.run(measure(path))


if __name__ == "__main__":
    main()
