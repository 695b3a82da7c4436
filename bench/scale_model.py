"""A model of the receiver at a rate of webhooks: instances, cold starts, limits, outages.

A flow model in steps of half a second: webhooks come at random (Poisson), wait for an
instance, are stored as far as Firestore takes writes, else spooled, and recovery works off
what is left. It knows no hot spots and no network. The defaults are what
docs/performance.md measured and what Google documents; put in your own.
"""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Annotated

import msgspec

STEP = 0.5
"""Seconds."""

WRITES = 2
"""A webhook's writes to Firestore: create and mark."""


Many = Annotated[float, msgspec.Meta(ge=0.01, le=1e6)]
Some = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Hours = Annotated[float, msgspec.Meta(ge=0.01, le=1000)]
Whole = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class World(msgspec.Struct, kw_only=True):
    """What is simulated. Seconds and a second's numbers, unless it says otherwise."""

    rate: Many = 10.0  # webhooks a second
    spike: Many = 1.0  # times the rate, from a third of the way, for a minute
    hours: Hours = 2.0
    cpu_ms: Many = 1.2  # a webhook's CPU, on one vCPU
    answer_ms: Many = 40.0  # two calls of 15 ms, and the rest
    cold_start: Some = 2.0  # the container's own start included
    concurrency: Whole = 80
    max_instances: Whole = 20
    firestore_writes: Some = 500.0  # with an index of rising times; 0: no such index
    ramp: bool = True  # 500 writes a second at first, half as many again every 5 minutes
    outage: Some = 0.0  # how long Firestore is down, from a third of the way
    push_wait: Some = 600.0  # between two tries of the spool's subscription, at worst
    push_rate: Some = 500.0  # what the spool's subscription delivers, at most
    seed: int = 1


class Moment(msgspec.Struct):
    """A step: rates a second, and what there is at its end."""

    at: float
    arrived: float
    answered: float
    spooled: float
    refused: float
    instances: int
    waiting: int
    spool: int


class Outcome(msgspec.Struct):
    """A run. Waits for an instance in seconds; `drained_after` is, too, from the outage's end."""

    moments: list[Moment]
    arrived: int
    spooled: int
    refused: int
    instances: int
    wait_p50: float
    wait_p99: float
    drained_after: float | None
    limits: list[str]


def simulate(world: World) -> Outcome:
    """Run the simulation: the same world gives the same outcome."""
    return _Simulation(world).run()


class _Simulation:
    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = random.Random(world.seed)
        # An instance does so many a second; Cloud Run aims at 60 % of that.
        self.speed = min(1000 / world.cpu_ms, world.concurrency * 1000 / world.answer_ms)
        self.patience = max(10.0, 3.5 * world.cold_start)
        self.queue: deque[list[float]] = deque()  # [when they came, how many]
        self.starting: deque[float] = deque()  # when each instance will be ready
        self.ready = self.waiting = self.spool = 0
        self.recent = 0.0  # webhooks a second, the mean of about ten seconds
        self.waits: list[tuple[float, int]] = []
        self.down_at = world.hours * 1200
        self.up_at = self.down_at + world.outage
        wait = self.chance.random() * world.push_wait if world.outage else 0.0
        self.retry_at = self.up_at + wait
        self.drained_after: float | None = None
        self.wanted = 0

    def run(self) -> Outcome:
        moments = [self._step(n * STEP) for n in range(int(self.world.hours * 3600 / STEP))]
        arrived = sum(moment.arrived for moment in moments) * STEP
        spooled = sum(moment.spooled for moment in moments) * STEP
        refused = sum(moment.refused for moment in moments) * STEP
        limits = []
        if self.wanted > self.world.max_instances:
            limits.append("instances")
        if spooled > 0.01 * arrived and not self.world.outage:
            limits.append("Firestore" + (", spool left at the end" if self.spool else ""))
        return Outcome(
            moments,
            int(arrived),
            int(spooled),
            int(refused),
            max(moment.instances for moment in moments),
            _percentile(self.waits, 0.5),
            _percentile(self.waits, 0.99),
            self.drained_after,
            limits,
        )

    def _step(self, now: float) -> Moment:
        arrived = self._arrive(now)
        self._scale(now, arrived)
        served = self._serve(now)
        refused = self._refuse(now)
        spooled = self._store(now, served)
        return Moment(
            now,
            arrived / STEP,
            served / STEP,
            spooled / STEP,
            refused / STEP,
            self.ready,
            self.waiting,
            self.spool,
        )

    def _arrive(self, now: float) -> int:
        spiking = self.down_at <= now < self.down_at + 60
        rate = self.world.rate * (self.world.spike if spiking else 1)
        arrived = _poisson(rate * STEP, self.chance)
        self.waiting += arrived
        if arrived:
            self.queue.append([now, arrived])
        return arrived

    def _scale(self, now: float, arrived: int) -> None:
        while self.starting and self.starting[0] <= now:
            self.starting.popleft()
            self.ready += 1
        self.recent += (arrived / STEP - self.recent) * STEP / 10
        needed = max(self.recent, self.waiting / self.patience) / self.speed
        wanted = max(math.ceil(needed / 0.6), 1 if self.waiting else 0)
        self.wanted = max(self.wanted, wanted)
        wanted = min(wanted, self.world.max_instances)
        for _ in range(wanted - self.ready - len(self.starting)):
            self.starting.append(now + self.world.cold_start)
        if wanted < self.ready and now % 60 == 0:
            self.ready -= 1

    def _serve(self, now: float) -> int:
        served = left = min(self.waiting, int(self.ready * self.speed * STEP))
        self.waiting -= served
        while left:
            came, count = self.queue[0]
            taken = min(left, int(count))
            self.waits.append((now - came, taken))
            left -= taken
            self.queue[0][1] -= taken
            if not self.queue[0][1]:
                self.queue.popleft()
        return served

    def _refuse(self, now: float) -> int:
        refused = 0
        while self.queue and now - self.queue[0][0] > self.patience:
            refused += int(self.queue.popleft()[1])
        self.waiting -= refused
        return refused

    def _store(self, now: float, served: int) -> int:
        """Store what Firestore takes, spool the rest, and take from the spool if there is room."""
        room = int(self._writes(now) * STEP / WRITES)
        stored = min(served, room)
        self.spool += served - stored
        if now >= self.retry_at or not self.world.outage:
            self.spool -= min(self.spool, room - stored, int(self.world.push_rate * STEP))
        if self.world.outage and now >= self.up_at and not self.spool:
            self.drained_after = self.drained_after or now - self.up_at
        return served - stored

    def _writes(self, now: float) -> float:
        """Return how many writes a second Firestore takes now."""
        if self.down_at <= now < self.up_at:
            return 0.0
        limit = self.world.firestore_writes or 1e9
        return min(limit, 500 * 1.5 ** (now // 300)) if self.world.ramp else limit


def _poisson(mean: float, chance: random.Random) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    number, product, end = 0, chance.random(), math.exp(-mean)
    while product > end:
        number += 1
        product *= chance.random()
    return number


def _percentile(waits: list[tuple[float, int]], share: float) -> float:
    left = share * sum(count for _, count in waits)
    for wait, count in sorted(waits):
        left -= count
        if left <= 0:
            return wait
    return 0.0
