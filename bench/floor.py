"""The peer `floor`: the three remote calls alone, their requests prepared beforehand.

    python -m bench.floor FIRESTORE PUBSUB CONCURRENCY SECONDS [CALL …]

Calls: `create` and `update` (Commit), `publish`; `batch_create` (BatchWrite of one). Without
framework, normalization and protobuf: bytes out, bytes in. Named calls measure what an
emulator gives alone. Prints a `Load` as JSON.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import envybox.google.channel  # isort: skip # noqa: F401 - before gRPC, which polls alike then
import grpc.aio
import msgspec

from bench.client import ROOT, Load, until_answered
from bench.stand import PROJECT, Backend
from bench.webhooks import SMALL, webhook
from envybox.google import document
from envybox.google.messages import BatchWriteRequest, PublishRequest
from envybox.ports.store import Record
from envybox.receiver import message
from envybox.receiver.normalize import normalize
from envybox.settings import load as load_settings
from envybox.webhook import encode_raw

_DATABASE = f"projects/{PROJECT}/databases/(default)"
_TOPIC = "envybox-call-result"
_FIRESTORE = "/google.firestore.v1.Firestore/"
_METHODS = {
    "create": _FIRESTORE + "Commit",
    "update": _FIRESTORE + "Commit",
    "batch_create": _FIRESTORE + "BatchWrite",
    "publish": "/google.pubsub.v1.Publisher/Publish",
}
THREE = ("create", "publish", "update")


def run(
    backend: Backend, *, concurrency: int, seconds: float, calls: tuple[str, ...] = THREE
) -> Load:
    """Run it in its own process."""
    arguments = [backend.firestore, backend.pubsub, str(concurrency), str(seconds), *calls]
    command = [sys.executable, "-m", "bench.floor", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return msgspec.json.decode(done.stdout, type=Load)


def _requests() -> Iterator[dict[str, bytes]]:
    """Yield the requests of one webhook after the other, without end.

    Serialized once: only the id, of a fixed length, differs.
    """
    settings = load_settings({})
    placeholder = "0" * 32
    event = normalize(
        webhook(SMALL), placeholder, zone=settings.timezone, region=settings.phone_region
    )
    record = Record(event=event, raw=encode_raw(SMALL), topic=_TOPIC)
    name = f"{_DATABASE}/documents/events/{placeholder}"
    # CommitRequest and BatchWriteRequest agree in their first fields, database and writes.
    create = BatchWriteRequest().writes.add()
    create.update.CopyFrom(document.build(record, name))
    create.current_document.exists = False
    update = BatchWriteRequest().writes.add()
    update.update.name = name
    update.update.fields["publish"].map_value.fields["state"].string_value = "published"
    update.update_mask.field_paths.append("publish.state")
    publish = PublishRequest(topic=f"projects/{PROJECT}/topics/{_TOPIC}")
    made = message.of_event(event)
    publish.messages.add(data=made.data, attributes=made.attributes, ordering_key="1")
    bodies = {
        "create": BatchWriteRequest(database=_DATABASE, writes=[create]).SerializeToString(),
        "update": BatchWriteRequest(database=_DATABASE, writes=[update]).SerializeToString(),
        "publish": publish.SerializeToString(),
    }
    bodies["batch_create"] = bodies["create"]
    while True:
        unique = uuid.uuid4().hex.encode()
        yield {call: body.replace(placeholder.encode(), unique) for call, body in bodies.items()}


async def _run(firestore: str, pubsub: str, concurrency: int, seconds: float, calls: list[str]):
    channels = {"f": grpc.aio.insecure_channel(firestore), "p": grpc.aio.insecure_channel(pubsub)}
    metadata = (("authorization", "Bearer owner"),)
    methods = {}
    for call, path in _METHODS.items():
        channel = channels["p" if call == "publish" else "f"]
        methods[call] = channel.unary_unary(path)
    requests = _requests()
    latencies: list[float] = []
    over = False

    async def work() -> None:
        while not over:
            prepared = next(requests)
            started = time.perf_counter()
            for call in calls:
                await methods[call](prepared[call], metadata=metadata)
            latencies.append(time.perf_counter() - started)

    workers = [asyncio.create_task(work()) for _ in range(concurrency)]
    await asyncio.sleep(0.5)
    latencies.clear()
    started, cpu = time.perf_counter(), time.process_time()
    await until_answered(latencies, seconds)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    done = sorted(latencies)
    over = True
    await asyncio.gather(*workers)

    def at(share: float) -> float:
        return round(done[int(share * (len(done) - 1))] * 1000, 3)

    load = Load(len(done), len(done), took, {}, at(0.5), at(0.9), at(0.99), cpu)
    os.write(1, msgspec.json.encode(load))


if __name__ == "__main__":
    _, _firestore, _pubsub, _concurrency, _seconds, *_calls = sys.argv
    asyncio.run(_run(_firestore, _pubsub, int(_concurrency), float(_seconds), _calls))
