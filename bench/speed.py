"""Latency, throughput and CPU under load: against `naive` and `floor`.

Per round: fresh emulators, all peers warmed up, then their runs interleaved.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from functools import partial

from bench import client, floor, stand
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.webhooks import SMALL, form

DELAY_MS = 15
RATE = 40
"""Webhooks a second that come at random: half of what `naive` can take with that delay."""
_BODY = form(SMALL)
_KINDS = {
    "p50": ("p50", "ms"),
    "p99": ("p99", "ms"),
    "rate": ("throughput", "requests/s"),
    "cpu": ("CPU a request", "ms"),
    "emulators": ("the emulators' CPU a request", "ms"),
}


def near(effort: Effort) -> list[Figure]:
    """Measure with the emulators as they are."""
    samples: Samples = defaultdict(list)
    for _ in range(effort.rounds):
        _round(samples, effort, (1, 8))

    def of(name: str, unit: str, ours: str, peer: str = "naive", **goal: object) -> Figure:
        return figure(samples, name, unit, f"envybox {ours}", peer, **goal)

    return [
        of("one client, p50", "ms", "p50 1", goal=0.18),
        of("one client, p50", "ms", "p50 1", "floor", goal=1.2),
        of("8 connections", "requests/s", "rate 8", goal=4, at_most=False),
        of("CPU a request, 8 connections", "ms", "cpu 8", goal=0.22),
        of("8 connections, p99", "ms", "p99 8"),
        of("the emulators' CPU a request", "ms", "emulators 8"),
        *_against_before(samples),
    ]


def far(effort: Effort) -> list[Figure]:
    """Measure with every call to a backend delayed, as in a real region."""
    samples: Samples = defaultdict(list)
    for _ in range(effort.rounds):
        _round(samples, effort, (1, 32, 128), delay=DELAY_MS, rate=RATE)
    where = f"{DELAY_MS} ms a call"

    def of(name: str, unit: str, ours: str, peer: str = "naive", **goal: object) -> Figure:
        return figure(samples, name, unit, f"envybox {ours}", peer, **goal)

    return [
        of(f"{where}, 32 connections", "requests/s", "rate 32", goal=6, at_most=False),
        of(f"{where}, 128 connections", "requests/s", "rate 128", goal=8, at_most=False),
        of(f"{where}, one client, p50", "ms", "p50 1"),
        of(f"{where}, one client, p50", "ms", "p50 1", "floor", goal=0.68),
        of("CPU a request, 32 connections", "ms", "cpu 32"),
        of("the emulators' CPU a request", "ms", "emulators 32"),
        of(f"{where}, {RATE} webhooks/s at random, p50", "ms", "p50 at random"),
        of(f"{where}, {RATE} webhooks/s at random, p99", "ms", "p99 at random"),
        *_against_before(samples),
    ]


def _against_before(samples: Samples) -> list[Figure]:
    """Return the figures of all that was measured of the other checkout's receiver too."""
    names = [name.removeprefix("before ") for name in samples if name.startswith("before ")]
    return [
        figure(
            samples,
            f"{_KINDS[kind][0]}, {load}{' connections' if load.isdigit() else ''}",
            _KINDS[kind][1],
            f"envybox {kind} {load}",
            "before",
        )
        for kind, load in (name.split(" ", 1) for name in names)
    ]


def _round(
    samples: Samples,
    effort: Effort,
    connections: tuple[int, ...],
    *,
    delay: float = 0,
    rate: float = 0,
) -> None:
    with contextlib.ExitStack() as stack:
        undelayed = backend = stack.enter_context(stand.emulated())
        if delay:
            backend = stack.enter_context(stand.delayed(backend, delay))
        servers = {
            peer.name: stack.enter_context(stand.server(peer, backend))
            for peer in (*stand.receivers(effort.before), stand.NAIVE)
        }
        # The emulators are Java: it takes some ten thousand webhooks of each peer until their
        # code is compiled, and until then a call takes twice as long and more.
        for server in servers.values():
            client.run(server.port, _BODY, connections=max(connections), seconds=effort.warmup)
        floor.run(undelayed, concurrency=16, seconds=effort.warmup)
        for number in connections:
            runs = [
                partial(_load, samples, name, server, backend, connections=number, effort=effort)
                for name, server in servers.items()
            ]
            if number == 1:
                runs.append(partial(_floor, samples, backend, effort.seconds))
            there_and_back(runs, effort)
        if rate:
            runs = [
                partial(_at_random, samples, name, server, rate=rate, seconds=effort.seconds)
                for name, server in servers.items()
            ]
            there_and_back(runs, effort)


def _load(
    samples: Samples,
    name: str,
    server: stand.Server,
    backend: stand.Backend,
    *,
    connections: int,
    effort: Effort,
) -> None:
    cpu, emulators = server.cpu(), backend.cpu()
    load = client.run(server.port, _BODY, connections=connections, seconds=effort.seconds)
    cpu, emulators = server.cpu() - cpu, backend.cpu() - emulators
    samples[f"{name} cpu {connections}"].append(cpu / load.total * 1000)
    samples[f"{name} emulators {connections}"].append(emulators / load.total * 1000)
    samples[f"{name} p50 {connections}"].append(load.p50)
    samples[f"{name} p99 {connections}"].append(load.p99)
    samples[f"{name} rate {connections}"].append(load.rate)


def _floor(samples: Samples, backend: stand.Backend, seconds: float) -> None:
    load = floor.run(backend, concurrency=1, seconds=seconds)
    samples["floor p50 1"].append(load.p50)


def _at_random(
    samples: Samples, name: str, server: stand.Server, *, rate: float, seconds: float
) -> None:
    # Longer than the others, with connections for all: of a few there is no p99. A peer's first
    # run has the same times as another's first, and other times than its own second.
    taken = samples[f"{name} p50 at random"]
    load = client.run(
        server.port, _BODY, connections=64, seconds=seconds * 5, rate=rate, seed=len(taken)
    )
    taken.append(load.p50)
    samples[f"{name} p99 at random"].append(load.p99)
