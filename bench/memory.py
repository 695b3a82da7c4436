"""Memory after 1,000 requests: of all of a function's processes, shared pages counted once."""

from __future__ import annotations

from collections import defaultdict

from bench import client, stand
from bench.figures import Effort, Figure, Samples, figure
from bench.webhooks import SMALL, form

REQUESTS = 1000


def measure(effort: Effort) -> list[Figure]:
    """Measure it, each server alone."""
    samples: Samples = defaultdict(list)
    receivers = stand.receivers(effort.before)
    requests = REQUESTS if effort.rounds > 1 else 50
    for _ in range(effort.rounds):
        with stand.emulated() as backend:
            for peer in (*receivers, stand.NAIVE, stand.HELLO):
                with stand.server(peer, backend) as server:
                    served = 0
                    while served < requests:
                        run = client.run(server.port, form(SMALL), connections=8, seconds=0.5)
                        served += run.total
                    samples[peer.name].append(server.memory())
    name = f"memory after {requests:,} requests"
    return [
        figure(samples, name, "MB", "envybox", "naive", goal=1.0),
        figure(samples, name, "MB", "envybox", "hello"),
        *(figure(samples, name, "MB", "envybox", peer.name) for peer in receivers[1:]),
    ]
