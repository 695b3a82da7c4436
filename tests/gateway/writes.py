"""What a BatchWrite may hold."""

from __future__ import annotations

from collections import Counter

import grpc

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment

MAX_WRITES = 500
MAX_BYTES = 10 * 1024 * 1024


def name_of(write: object) -> str:
    """Return the full name of the document that is written."""
    return str(getattr(write, "update").name or getattr(write, "delete"))  # noqa: B009 # protobuf


def _once(call: Call, _deployment: Deployment) -> str | None:
    if call.method != "BatchWrite":
        return None
    counted = Counter(map(name_of, call.writes))
    twice = [name for name, count in counted.items() if count > 1]
    if not twice:
        return None
    return f"Cannot write to the same document '{twice[0]}' more than once per request."


def _count(call: Call, _deployment: Deployment) -> str | None:
    if call.method != "BatchWrite" or len(call.writes) <= MAX_WRITES:
        return None
    return f"maximum {MAX_WRITES} writes allowed per request"


def _bytes(call: Call, _deployment: Deployment) -> str | None:
    if call.size <= MAX_BYTES:
        return None
    return f"Request payload size exceeds the limit: {MAX_BYTES} bytes."


RULES = (
    Rule(
        "A request has no more than 10 MiB",
        grpc.StatusCode.INVALID_ARGUMENT,
        "https://firebase.google.com/docs/firestore/quotas",
        _bytes,
    ),
    Rule(
        "A `BatchWrite` has no more than 500 writes",
        grpc.StatusCode.INVALID_ARGUMENT,
        "https://firebase.google.com/docs/firestore/manage-data/transactions",
        _count,
    ),
    Rule(
        "A `BatchWrite` has one write a document",
        grpc.StatusCode.INVALID_ARGUMENT,
        "https://docs.cloud.google.com/firestore/docs/reference/rest/v1/"
        "projects.databases.documents/batchWrite",
        _once,
    ),
)
