"""The limits of the stand itself: what emulators, proxy and client give at best.

Where the receiver comes near them, they are what is measured.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from statistics import median

from bench import client, floor, stand
from bench.figures import Effort, Figure, Samples, there_and_back
from bench.webhooks import SMALL, form

_CALLS = {
    "create": "Firestore emulator, Commit of a create",
    "batch_create": "Firestore emulator, BatchWrite of one create",
    "update": "Firestore emulator, Commit of an update",
    "publish": "Pub/Sub emulator, Publish of one message",
}


def measure(effort: Effort) -> list[Figure]:
    """Measure them, the calls in turns."""
    samples: Samples = defaultdict(list)
    for _ in range(effort.rounds):
        with stand.emulated() as backend, stand.delayed(backend, 1) as delayed:
            for warmed in (floor.THREE, ("batch_create",)):  # as in speed.py
                floor.run(backend, concurrency=16, seconds=effort.warmup, calls=warmed)
            calls = [(name, call, backend) for call, name in _CALLS.items()]
            calls.append((f"{_CALLS['publish']} through the proxy", "publish", delayed))
            there_and_back(
                [partial(_run, samples, effort.seconds, *call) for call in calls], effort
            )
    figures = [
        Figure(name=name, unit="calls/s", ours=median(rates)) for name, rates in samples.items()
    ]
    with stand.server(stand.HELLO_ASYNC, stand.NOWHERE) as hello:
        loads = [
            client.run(hello.port, form(SMALL), connections=8, seconds=effort.seconds)
            for _ in range(effort.rounds)
        ]
    cpu = median(load.cpu / load.requests * 1000 for load in loads)
    return [*figures, Figure(name="load client, CPU a request", unit="ms", ours=cpu)]


def _run(samples: Samples, seconds: float, name: str, call: str, backend: stand.Backend) -> None:
    load = floor.run(backend, concurrency=16, seconds=seconds, calls=(call,))
    samples[name].append(load.rate)
