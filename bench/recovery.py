"""Recovery: how fast `recover` publishes what is pending, against one event at a time.

    python -m bench.recovery EVENTS

is the peer: it asks for so many pending events, publishes and marks them with the official
clients, each after the other, and prints how many it did a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec

from bench import stand
from bench.client import ROOT
from bench.figures import Effort, Figure, Samples, figure
from bench.speed import DELAY_MS
from bench.webhooks import SMALL, webhook
from envybox.ports.store import Record
from envybox.receiver import identity
from envybox.receiver.normalize import normalize
from envybox.settings import load
from envybox.types import topic_of
from envybox.webhook import encode_raw

_AT_ONCE = ("ENVYBOX_RECOVER_AFTER_SECONDS", "0")  # they were stored just now
_RECOVER = stand.ENVYBOX._replace(target="recover", settings=(_AT_ONCE,))
_TOPIC = topic_of("envybox-", "call.result")


def measure(effort: Effort) -> list[Figure]:
    """Measure it, with every call to a backend delayed, as in a real region."""
    samples: Samples = defaultdict(list)
    few, many = (50, 1000) if effort.rounds > 1 else (10, 100)
    for _ in range(effort.rounds):
        with stand.emulated() as backend, stand.delayed(backend, DELAY_MS) as delayed:
            for count, run in ((few, _one_at_a_time), (many, _recover)):
                asyncio.run(_store(backend, count))
                samples["naive" if count == few else "envybox"].append(run(delayed, count))
    name = f"{DELAY_MS} ms a call, pending events published"
    return [figure(samples, name, "events/s", "envybox", "naive", goal=10, at_most=False)]


async def _store(backend: stand.Backend, count: int) -> None:
    """Store events that were received long ago, and never published."""
    from envybox.google import open_backend

    os.environ |= stand.environment(backend)
    store = open_backend(load(stand.environment(backend))).store
    received_at = datetime.now(UTC) - timedelta(hours=1)
    for number in range(count):
        fields = [*SMALL, ("number", f"{number} {time.time_ns()}")]
        received = msgspec.structs.replace(webhook(fields), received_at=received_at)
        settings = load({})
        event = normalize(
            received,
            identity.first_id(received),
            zone=settings.timezone,
            region=settings.phone_region,
        )
        await store.create(Record(event=event, raw=encode_raw(fields), topic=_TOPIC), timeout=20)
    await store.close()


def _recover(backend: stand.Backend, count: int) -> float:
    with stand.server(_RECOVER, backend) as server:
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/", data=b"{}")
        started = time.perf_counter()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            report = json.load(answer)
    if report["published"] != count:
        raise RuntimeError(f"recover published {report}, not {count}")
    return count / (time.perf_counter() - started)


def _one_at_a_time(backend: stand.Backend, count: int) -> float:
    command = [sys.executable, "-m", "bench.recovery", str(count)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=stand.environment(backend)
    )
    return float(done.stdout)


def _publish_all(count: int) -> None:
    from google.cloud import firestore, pubsub_v1
    from google.cloud.firestore_v1.base_query import FieldFilter

    db, publisher = firestore.Client(), pubsub_v1.PublisherClient()
    topic = publisher.topic_path(stand.PROJECT, _TOPIC)
    publisher.publish(topic, b"both are connected").result()
    pending = FieldFilter("publish.state", "==", "pending")
    started, published = time.perf_counter(), 0
    for document in db.collection("events").where(filter=pending).stream():
        data = json.dumps(document.to_dict(), default=str).encode()
        message_id = publisher.publish(topic, data).result()
        document.reference.update({"publish.state": "published", "publish.message_id": message_id})
        published += 1
    if published != count:
        raise RuntimeError(f"{published} events were pending, not {count}")
    print(count / (time.perf_counter() - started))


if __name__ == "__main__":
    _publish_all(int(sys.argv[1]))
