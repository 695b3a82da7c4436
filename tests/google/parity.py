"""Every call that the function makes, made by the official clients too, on one recording server.

docs/google-calls.md shows what each client's call carries, and why ours carries less or
something else (docs.generate.calls). Whatever is not explained fails a test, as when a new
release of a library begins to send something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import grpc
import pytest
from google.cloud import firestore, pubsub_v1
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.base_query import BaseQuery, FieldFilter

from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.google.pubsub import PubSubPublisher
from envybox.ports.store import Mark, Record, Stored
from envybox.receiver.message import of_event
from envybox.webhook import encode_raw
from tests.gateway.proxy import REQUESTS, STREAMS
from tests.official import (
    BatchWriteResponse,
    Document,
    PublishResponse,
    RunAggregationQueryResponse,
    RunQueryResponse,
)
from tests.samples import HELP_PAGE, NOON, event_of

PROJECT, DATABASE, COLLECTION = "example", "envybox-eu", "events"
_SECONDS = 20.0

_STATISTICS = (
    "It tells Google's statistics which client library calls: ours is none of them, and no "
    "answer depends on it"
)
_USER_AGENT = "gRPC's own, of its part for asyncio"
REASONS = {
    ("Firestore", "x-goog-request-params"): (
        "The resource's name, as the generated clients send it, is refused for a named database "
        "unless `google-cloud-resource-prefix` is there too. Ours is what the refusal asks for, "
        "and each of the two is enough"
    ),
    ("Firestore", "x-goog-api-client"): _STATISTICS,
    ("Pub/Sub", "x-goog-api-client"): _STATISTICS,
    ("Firestore", "user-agent"): _USER_AGENT,
    ("Pub/Sub", "user-agent"): _USER_AGENT,
    ("Pub/Sub", "authorization"): "Of no use to this emulator, and of no harm",
}
"""Why a header is not as the official client sends it."""


class Recorded(NamedTuple):
    """A call as it arrived."""

    path: str
    headers: dict[str, str]
    request: Any


class Compared(NamedTuple):
    """One call of ours beside the official client's."""

    name: str
    official: Recorded
    ours: Recorded

    @property
    def api(self) -> str:
        """Firestore or Pub/Sub."""
        return "Pub/Sub" if "pubsub" in self.ours.path else "Firestore"


class Recorder(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers each call with what both clients can read, and keeps it."""

    def __init__(self) -> None:
        self.calls: list[Recorded] = []

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        method = details.method.rpartition("/")[2]

        def answer(data: bytes, _context: Any) -> bytes:
            request = REQUESTS[method].FromString(data)
            headers = dict(details.invocation_metadata)
            self.calls.append(Recorded(details.method, headers, request))
            return _answer(method, request)

        if method in STREAMS:
            return grpc.unary_stream_rpc_method_handler(lambda *call: iter([answer(*call)]))
        return grpc.unary_unary_rpc_method_handler(answer)


def _answer(method: str, request: Any) -> bytes:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    response: Any
    if method == "BatchWrite":
        response = BatchWriteResponse()
        response.write_results.add()
        response.status.add()
    elif method == "GetDocument":
        response = Document(name=request.name)
        response.fields["raw"].string_value = "[]"
    elif method == "RunQuery":
        response = RunQueryResponse()
        response.document.name = f"{request.parent}/{COLLECTION}/f"
        response.read_time.FromDatetime(at)
        for time in (response.document.create_time, response.document.update_time):
            time.FromDatetime(at)
    elif method == "RunAggregationQuery":
        response = RunAggregationQueryResponse()
        response.read_time.FromDatetime(at)
        response.result.aggregate_fields["pending"].integer_value = 3
    else:
        response = PublishResponse(message_ids=["42"])
    data: bytes = response.SerializeToString()
    return data


@contextmanager
def recording() -> Iterator[tuple[Recorder, str]]:
    """Serve a recorder; yields it and its host and port."""
    recorder = Recorder()
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((recorder,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield recorder, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


# What is written, asked and published by both

FIELDS = [*HELP_PAGE, ("new_field", "x")]
EVENT = event_of(FIELDS)
RECORD = Record(event=EVENT, raw=encode_raw(FIELDS), topic="envybox-call-result")
MARK = Mark(event_id=EVENT.id, message_id="42", at=NOON)
MESSAGE = of_event(EVENT)
AFTER = Stored(id="e", account="default", received_at=NOON, raw="[]", published=False)
STORED = ("account", "received_at", "raw", "publish.state", "publish.attempts")


async def _ours(host: str) -> None:
    store = FirestoreStore(Channel(Google(PROJECT), "", host), DATABASE, COLLECTION)
    publisher = PubSubPublisher(Channel(Google(PROJECT), "", host))
    await store.create(RECORD, timeout=_SECONDS)
    await store.mark(MARK, timeout=_SECONDS)
    await store.get(EVENT.id, timeout=_SECONDS)
    await store.pending(before=NOON, after=AFTER, limit=50, timeout=_SECONDS)
    await store.backlog(timeout=_SECONDS)
    await publisher.publish(RECORD.topic, MESSAGE, timeout=_SECONDS)
    await store.close()
    await publisher.close()


def _official(ours: dict[str, Recorded]) -> list[Callable[[], object]]:
    """Return the official clients' calls, in the order of `ours`."""
    client = firestore.Client(project=PROJECT, database=DATABASE)
    events = client.collection(COLLECTION)
    document = events.document(EVENT.id)
    pending = events.where(filter=FieldFilter("publish.state", "==", "pending"))
    created = ours["create"].request.writes[0].update

    def write(change: Callable[[Any], object]) -> object:
        writer = client.bulk_writer()
        change(writer)
        return writer.close()

    def create(writer: Any) -> object:
        fields = _helpers.decode_dict(dict(created.fields), client)
        return writer.create(document, fields)

    def mark(writer: Any) -> object:
        changes = {
            "publish.state": "published",
            "publish.message_id": "42",
            "publish.published_at": NOON,
            "publish.attempts": firestore.Increment(1),
        }
        return writer.update(document, changes)

    def query(before: datetime) -> BaseQuery:
        older = pending.where(filter=FieldFilter("received_at", "<", before)).select(STORED)
        return older.order_by("received_at").order_by("__name__")

    def publish() -> object:
        ordering = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
        publisher = pubsub_v1.PublisherClient(publisher_options=ordering)
        topic = publisher.topic_path(PROJECT, RECORD.topic)
        future = publisher.publish(
            topic, MESSAGE.data, ordering_key=MESSAGE.ordering_key, **MESSAGE.attributes
        )
        future.result(timeout=_SECONDS)
        return publisher.stop()

    after = {"received_at": NOON, "__name__": events.document("e")}
    far = datetime.max.replace(tzinfo=UTC)
    get = {"name": ours["get"].request.name, "mask": {"field_paths": STORED}}
    return [
        lambda: write(create),
        lambda: write(mark),
        # Its own `get` is BatchGetDocuments: this call only its generated part makes.
        lambda: client._firestore_api.get_document(get, metadata=client._rpc_metadata),
        lambda: list(query(NOON).start_after(after).limit(50).stream()),
        lambda: list(query(far).limit(1).stream()),
        lambda: pending.count(alias="pending").get(),
        publish,
    ]


NAMES = ("create", "mark", "get", "pending", "oldest pending", "count", "publish")


def compared() -> list[Compared]:
    """Make every call twice; return each pair."""
    with recording() as (recorder, host), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", host)
        patch.setenv("PUBSUB_EMULATOR_HOST", host)
        asyncio.run(_ours(host))
        ours = dict(zip(NAMES, recorder.calls, strict=True))
        recorder.calls.clear()
        for call in _official(ours):
            call()
        official = dict(zip(NAMES, recorder.calls, strict=True))
    return [Compared(name, official[name], ours[name]) for name in NAMES]


def differing(one: Compared) -> list[str]:
    """Return the headers that are not the same in both calls."""
    ours, official = one.ours.headers, one.official.headers
    return sorted(name for name in {*ours, *official} if ours.get(name) != official.get(name))


def unexplained(one: Compared) -> list[str]:
    """Return the headers that differ, and have no reason."""
    return [name for name in differing(one) if (one.api, name) not in REASONS]
