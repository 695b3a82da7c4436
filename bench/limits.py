"""The limits of the stand itself: what emulators, proxy and client give at best.

Where the receiver comes near them, they are what is measured.
"""

from __future__ import annotations

from statistics import median

from bench import client, floor, stand
from bench.figures import Effort, Figure
from bench.webhooks import SMALL, form

_CALLS = {
    "create": "Firestore emulator, Commit of a create",
    "batch_create": "Firestore emulator, BatchWrite of one create",
    "update": "Firestore emulator, Commit of an update",
    "publish": "Pub/Sub emulator, Publish of one message",
}


def measure(effort: Effort) -> list[Figure]:
    """Measure them one by one."""
    figures = []
    with stand.emulated() as backend, stand.delayed(backend, 1) as delayed:
        floor.run(backend, concurrency=16, seconds=effort.seconds)
        for call, name in _CALLS.items():
            for hosts, way in ((backend, ""), (delayed, " through the proxy")):
                if way and call != "publish":
                    continue
                runs = [
                    floor.run(hosts, concurrency=16, seconds=effort.seconds, calls=(call,))
                    for _ in range(effort.rounds)
                ]
                rate = median(run.rate for run in runs)
                figures.append(Figure(name=name + way, unit="calls/s", ours=rate))
    with stand.server(stand.HELLO_ASYNC, stand.NOWHERE) as hello:
        runs = [
            client.run(hello.port, form(SMALL), connections=8, seconds=effort.seconds)
            for _ in range(effort.rounds)
        ]
    cpu = median(run.cpu / run.requests * 1000 for run in runs)
    return [*figures, Figure(name="load client, CPU a request", unit="ms", ours=cpu)]
