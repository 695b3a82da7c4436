"""What looking events up takes on the embedded backend: `python -m bench.lookup [EVENTS]`.

The pages of `envybox events`, counts and facets of a file of 100,000 events; and what the
indexes cost an insert, and the migration of a file that has none yet.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from envybox.event import encode
from envybox.local.database import connect, to_text
from envybox.local.lookup import SqliteLookup
from envybox.local.migrations import LISTED, SELECTIVE, STEPS
from envybox.ports.lookup import Filters
from envybox.webhook import encode_raw
from tests.samples import SAMPLES, event_of

START = datetime(2026, 10, 1, tzinfo=UTC)
INSERT = (
    "INSERT INTO events (id, received_at, topic, account, raw, event, normalizer, state)"
    " VALUES (?, ?, 't', ?, ?, ?, 1, 'published')"
)
QUESTIONS = {
    "all": Filters(),
    "type": Filters(type="call.result"),
    "type and site": Filters(type="call.info", site="site3.example"),
    "a rare site and a state": Filters(site="site19.example", state="answered"),
    "phone": Filters(phone="+79000000033"),
    "account": Filters(account="shop"),
    "warnings": Filters(warnings=True),
    "pending": Filters(pending=True),
    "type, since": Filters(type="lead.quiz", since=START + timedelta(days=20)),
}


def rows(number: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(1)
    samples = [(encode_raw(fields), event_of(fields)) for fields in SAMPLES.values()]
    for n in range(number):
        raw, event = chance.choice(samples)
        visitor = msgspec.structs.replace(
            event.visitor, id=str(n // 3), phone=f"+79{n // 3:09}", phone_text=f"79{n // 3:09}"
        )
        site = f"site{min(chance.randrange(20), chance.randrange(20))}.example"
        event = msgspec.structs.replace(
            event,
            id=hashlib.md5(str(n).encode()).hexdigest(),
            received_at=START + timedelta(seconds=40 * n),
            account=chance.choice(["shop", "b2b"]),
            visitor=visitor,
            page=msgspec.structs.replace(event.page, site=site),
        )
        at = to_text(event.received_at)
        yield event.id, at, event.account, raw, encode(event).decode()


def best(work: object, times: int = 5) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()  # type: ignore[operator]
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def insert(path: Path, made: list[tuple[str, ...]], *, indexed: bool) -> float:
    """Return microseconds of CPU an event, 20 in a transaction, as the receiver under load."""
    with contextlib.closing(connect(str(path))) as db:
        if not indexed:
            names = "SELECT name FROM sqlite_master WHERE name LIKE 'events_by_%'"
            for (name,) in [*db.execute(names), ("events_newest",)]:
                db.execute(f"DROP INDEX {name}")
        began = time.process_time()
        for start in range(0, len(made), 20):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(INSERT, made[start : start + 20])
            db.execute("COMMIT")
        return (time.process_time() - began) / len(made) * 1e6


def main(number: int) -> None:
    made = list(rows(number))
    with tempfile.TemporaryDirectory() as folder:
        few = made[:5000]
        for name, indexed in (("without", False), ("with", True), ("without ", False)):
            cost = insert(Path(folder, f"{name}.db"), few, indexed=indexed)
            print(f"insert {name.strip()} indexes: {cost:.0f} us of CPU an event")
        path = Path(folder, "events.db")
        insert(path, made, indexed=True)
        with contextlib.closing(sqlite3.connect(path)) as db:
            for name in (*LISTED, *SELECTIVE, "warning"):
                db.execute(f"DROP INDEX events_by_{name}")
            db.execute("PRAGMA user_version = 2")
        began = time.perf_counter()
        connect(str(path)).close()
        each = (time.perf_counter() - began) / (len(STEPS) - 2)
        print(f"migration: {each:.1f} s for each index")
        lookup = SqliteLookup(str(path))
        for name, filters in QUESTIONS.items():
            page = best(lambda filters=filters: lookup.page(filters))
            count = best(lambda filters=filters: lookup.count(filters), 1)
            print(f"{name:<24} page {page:7.1f} ms   count {count:7.1f} ms")
        print(f"{'facets':<24} {best(lambda: lookup.facets(Filters()), 1):12.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
