"""Refusing a wrong key: what an attacker can make the receiver do."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from functools import partial

from bench import client, stand
from bench.figures import Effort, Figure, Samples, figure, there_and_back
from bench.webhooks import SMALL, WRONG_KEY, form

_BODY = form(SMALL, key=WRONG_KEY)


def measure(effort: Effort) -> list[Figure]:
    """Measure it against an empty function, in both of the framework's flavours."""
    samples: Samples = defaultdict(list)
    peers = (stand.ENVYBOX, stand.HELLO, stand.HELLO_ASYNC)
    with contextlib.ExitStack() as stack:
        servers = [(p, stack.enter_context(stand.server(p, stand.NOWHERE))) for p in peers]
        for _ in range(effort.rounds):
            runs = [partial(_load, samples, peer, server, effort) for peer, server in servers]
            there_and_back(runs, effort)
    name = "refusing a wrong key, 8 connections"
    return [
        figure(samples, name, "requests/s", "envybox", "hello", goal=0.8, at_most=False),
        figure(samples, name, "requests/s", "envybox", "hello_async"),
    ]


def _load(samples: Samples, peer: stand.Peer, server: stand.Server, effort: Effort) -> None:
    status = "403" if peer is stand.ENVYBOX else "200"
    load = client.run(
        server.port, _BODY, connections=8, seconds=effort.seconds, warmup=0.2, status=status
    )
    samples[peer.name].append(load.rate)
