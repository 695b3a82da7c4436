"""Normalization, and what else the receiver computes for a webhook, in µs of CPU."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

from bench.figures import Effort, Figure
from bench.webhooks import FULL, KEY, SMALL, form, webhook
from envybox.event import encode
from envybox.google import document
from envybox.ports.store import Record
from envybox.receiver import identity, message
from envybox.receiver.keys import KeyRing
from envybox.receiver.normalize import normalize
from envybox.receiver.request import read_fields
from envybox.settings import load
from envybox.webhook import Fields, encode_raw


def measure(effort: Effort) -> list[Figure]:
    """Measure the steps one by one, for the fullest webhook and for a small one."""
    figures = []
    for label, fields in (("fullest", FULL), ("small", SMALL)):
        for name, step in _steps(fields).items():
            goal = 150.0 if (name, label) == ("normalize", "fullest") else None
            title = f"{name}, {label} webhook"
            figures.append(Figure(name=title, unit="µs", ours=_cpu(step, effort), goal=goal))
    return figures


def _steps(fields: Fields) -> dict[str, Callable[[], object]]:
    settings = load({"ENVYBOX_KEYS": KEY})
    ring = KeyRing(settings)
    body = form(fields)
    read = read_fields(body, "")[0]
    received = webhook(fields)
    zone, region = settings.timezone, settings.phone_region
    event = normalize(received, "0" * 32, zone=zone, region=region)
    record = Record(event=event, raw=encode_raw(fields), topic="envybox-call-result")
    return {
        "normalize": lambda: normalize(received, "0" * 32, zone=zone, region=region),
        "read the form": lambda: read_fields(body, ""),
        "verify the key": lambda: ring.verify(read),
        "identify": lambda: identity.first_id(received),
        "keep verbatim": lambda: encode_raw(fields),
        "Firestore document": lambda: document.build(record, "events/0").SerializeToString(),
        "Pub/Sub message": lambda: message.of_event(event),
        "event as JSON": lambda: encode(event),
    }


def _cpu(step: Callable[[], object], effort: Effort) -> float:
    """Return the least of the rounds: what disturbs only ever adds."""
    number = max(20, int(300 * effort.seconds))
    times = timeit.repeat(step, timer=time.process_time, number=number, repeat=effort.rounds)
    return min(times) / number * 1e6
