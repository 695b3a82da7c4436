"""Cold start: from starting the process to the first answer of 200."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import partial

from bench import stand
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.webhooks import SMALL, form


def measure(effort: Effort) -> list[Figure]:
    """Measure it; the backends are warm and the modules compiled, as Google's build does."""
    samples: Samples = defaultdict(list)
    receivers = stand.receivers(effort.before)
    peers = (*receivers, stand.NAIVE, stand.HELLO, stand.HELLO_ASYNC)
    with stand.emulated() as backend:
        for peer in peers:
            _start(defaultdict(list), peer, backend)
        for _ in range(effort.rounds):
            there_and_back([partial(_start, samples, peer, backend) for peer in peers], effort)
    name = "cold start to the first 200"
    return [
        figure(samples, name, "ms", "envybox", "naive", goal=0.6),
        figure(samples, name, "ms", "envybox", "hello"),
        figure(samples, name, "ms", "envybox", "hello_async", goal=1.35),
        *(figure(samples, name, "ms", "envybox", peer.name) for peer in receivers[1:]),
    ]


def _start(samples: Samples, peer: stand.Peer, backend: stand.Backend) -> None:
    started = time.perf_counter()
    with stand.started(peer, backend) as server:
        answer = stand.first_answer(server, _request())
        samples[peer.name].append((time.perf_counter() - started) * 1000)
        if b" 200 " not in answer.splitlines()[0]:
            raise RuntimeError(f"{peer.name} answered {answer!r}")


def _request() -> bytes:
    body = form(SMALL, unique=f"{time.time_ns():020}")
    return (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b"
    ) % (len(body), body)
