"""Answers as Google gives them and the emulator never does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.cloud.firestore_v1.types import firestore

_RunQueryResponse = firestore.RunQueryResponse.pb()
_RunAggregationQueryResponse = firestore.RunAggregationQueryResponse.pb()


def streamed(method: str, answers: list[bytes]) -> Iterator[bytes]:
    """Yield a stream's answers, with parts between them that hold nothing but a time.

    A query's tells how far it is read, an aggregation's is partial progress.
    https://docs.cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents/runAggregationQuery
    """
    if method == "BatchGetDocuments":
        yield from answers
        return
    make: Any = _RunQueryResponse if method == "RunQuery" else _RunAggregationQueryResponse
    progress = make()
    progress.read_time.seconds = 1
    for answer in answers:
        yield progress.SerializeToString()
        yield answer
    if method == "RunQuery":
        progress.done = True
        yield progress.SerializeToString()
