"""Whether a webhook costs more the more there is: events stored, fields, keys, types.

In µs of CPU: the disk's own time (the embedded backend waits for it) differs too much from
run to run to show anything.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
import timeit
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import FULL, Effort, Figure
from bench.webhooks import SMALL, form, webhook
from envybox import local
from envybox.local.database import connect
from envybox.ports.store import Mark, Record
from envybox.receiver import message
from envybox.receiver.keys import KeyRing
from envybox.receiver.normalize import normalize
from envybox.receiver.request import read_fields
from envybox.settings import load
from envybox.types import TYPES, topic_of
from envybox.webhook import encode_raw

# Of the length of real ones where the B-trees are concerned, else short: a million of the
# usual 4 KB would fill the disk, and their length is not what is asked here.
_MULTIPLY = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO events (id, received_at, state, topic, account, raw, event)
SELECT lower(hex(randomblob(16))), strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n, 'unixepoch'),
    'published', 'envybox-call-result', 'default', '[]', '{}' FROM number
"""
_BATCH = 100


def measure(effort: Effort) -> list[Figure]:
    """Measure all of it; each figure's peer is the smallest of its row."""
    full = effort.seconds >= FULL.seconds
    stored = (1, 1_000, 10_000, 100_000, 1_000_000) if full else (1, 1_000, 10_000)
    number = 1000 if full else 50
    return [
        *_row("store, publish and mark one more event, {:,} stored", stored, _store(stored)),
        *_row("the same, {:,} types", _TYPES, [_types(count) for count in _TYPES]),
        *_row("read and normalize a field, of {:,}", _FIELDS, _timed(_field, _FIELDS, number)),
        *_row("verify a key, of {:,} accepted", _KEYS, _timed(_key, _KEYS, number)),
    ]


_FIELDS = (10, 100, 1000)
_KEYS = (1, 10, 100, 1000)
_TYPES = (1, len(TYPES))


def _row(name: str, sizes: Sequence[int], costs: Sequence[float]) -> list[Figure]:
    first = name.format(sizes[0])
    return [
        Figure(name=name.format(size), unit="µs", ours=cost, peer=first, theirs=costs[0])
        for size, cost in zip(sizes, costs, strict=True)
    ]


def _store(sizes: Sequence[int]) -> list[float]:
    """Return the cost of one more event at each of the sizes of one and the same file."""
    costs = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "envybox.db")
        have = 0
        for size in sizes:
            with closing(connect(str(path))) as db:
                db.execute(_MULTIPLY, (size - have,))
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            have = size
            costs.append(asyncio.run(_more(path, 1)))
    return costs


def _types(number: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_more(Path(directory, "envybox.db"), number))


async def _more(path: Path, types: int) -> float:
    """Return what it takes to take one more event into the embedded store and its log."""
    settings = load({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(path)})
    store, publisher, _ = local.open_backend(settings)
    records = _records(types)
    costs = []
    for _ in range(FULL.rounds):
        batch = list(itertools.islice(records, _BATCH))
        started = time.process_time()
        for record in batch:
            await store.create(record, timeout=60)
            sent = message.of_event(record.event)
            message_id = await publisher.publish(record.topic, sent, timeout=60)
            mark = Mark(event_id=record.event.id, message_id=message_id, at=datetime.now(UTC))
            await store.mark(mark, timeout=60)
        costs.append((time.process_time() - started) / _BATCH * 1e6)
    await store.close()
    return min(costs)


def _records(types: int) -> Iterator[Record]:
    settings = load({})
    for number in itertools.count():
        row = TYPES[number % types]
        fields = [(n, str(row.webhooktype or 0) if n == "webhooktype" else v) for n, v in SMALL]
        event = normalize(webhook(fields), uuid.uuid4().hex, zone=settings.timezone, region="RU")
        topic = topic_of(settings.topic_prefix, event.type)
        yield Record(event=event, raw=encode_raw(fields), topic=topic)


def _field(number: int) -> tuple[Callable[[], object], int]:
    """Return the reading of a form with so many fields, and by what to divide its time."""
    settings = load({})
    body = form([("webhooktype", "1"), *((f"field_{n}", "значение") for n in range(2, number))])

    def read() -> None:
        fields, _ = read_fields(body, "")
        normalize(webhook(fields), "0" * 32, zone=settings.timezone, region="RU")

    return read, number


def _key(number: int) -> tuple[Callable[[], object], int]:
    keys = [uuid.uuid4().hex for _ in range(number)]
    ring = KeyRing(load({"ENVYBOX_KEYS": ",".join(keys)}))
    fields = [("webhooktype", "1"), ("key", keys[-1])]
    return lambda: ring.verify(fields), 1


def _timed(
    make: Callable[[int], tuple[Callable[[], object], int]], sizes: Sequence[int], number: int
) -> list[float]:
    costs = []
    for size in sizes:
        step, parts = make(size)
        runs = max(3, number // parts)
        times = timeit.repeat(step, timer=time.process_time, number=runs, repeat=FULL.rounds)
        costs.append(min(times) / runs / parts * 1e6)
    return costs
