"""Subscriptions of `listen`'s own: labelled, short-lived, deleted at the end."""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

from envybox.operator.firestore import translated
from envybox.operator.place import Place
from envybox.operator.source import POLL_SECONDS, Came, Source
from envybox.ports.publish import Message
from envybox.types import topic_of

LABEL = {"created-by": "envybox-listen"}
"""By it `doctor` finds those that a killed process left."""

_CALL_SECONDS = 30.0
_PULL_SECONDS = 5.0
_EXPIRE = timedelta(days=1)  # the least that Pub/Sub takes
_RETAIN = timedelta(minutes=10)  # likewise


@contextlib.contextmanager
def subscribed(place: Place, types: list[str]) -> Iterator[Source]:
    """Subscribe to the topics of types, for as long as the context lasts."""
    project, prefix = place.project, place.settings.topic_prefix
    name = f"{prefix}listen-{secrets.token_hex(4)}"
    came: queue.SimpleQueue[Came] = queue.SimpleQueue()
    ended = threading.Event()
    made: list[str] = []
    threads: list[threading.Thread] = []
    with translated(project):
        client: Any = pubsub_v1.SubscriberClient()
    try:
        for type_ in types:
            topic = topic_of(prefix, type_)
            path = client.subscription_path(project, f"{name}-{topic.removeprefix(prefix)}")
            with translated(project):
                _create(client, path, client.topic_path(project, topic))
            made.append(path)
            thread = threading.Thread(target=_pull, args=(client, path, came, ended), daemon=True)
            thread.start()
            threads.append(thread)
        yield _taken(came)
    finally:
        ended.set()
        for path in made:
            with contextlib.suppress(exceptions.GoogleAPICallError):  # it expires by itself
                client.delete_subscription(subscription=path, timeout=_CALL_SECONDS)
        client.close()  # ends the pulls that are under way: nobody waits for them
        for thread in threads:
            thread.join()


def _create(client: Any, path: str, topic: str) -> None:
    client.create_subscription(
        request={
            "name": path,
            "topic": topic,
            "labels": LABEL,
            "expiration_policy": {"ttl": _EXPIRE},
            "message_retention_duration": _RETAIN,
            "enable_message_ordering": True,
        },
        timeout=_CALL_SECONDS,
    )


def _pull(client: Any, path: str, came: queue.SimpleQueue[Came], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            answer = client.pull(
                subscription=path, max_messages=100, timeout=_PULL_SECONDS, retry=None
            )
        except exceptions.NotFound:  # deleted: at the end, or by another
            return
        except (exceptions.GoogleAPICallError, ValueError):
            # Nothing came in time, or not now; a ValueError says that the client was closed.
            ended.wait(POLL_SECONDS)
            continue
        acks = []
        for one in answer.received_messages:
            new = one.message
            message = Message(
                data=new.data, attributes=dict(new.attributes), ordering_key=new.ordering_key
            )
            came.put(Came(message, new.message_id, new.publish_time.isoformat()))
            acks.append(one.ack_id)
        if acks:
            with contextlib.suppress(exceptions.GoogleAPICallError, ValueError):  # it comes again
                client.acknowledge(subscription=path, ack_ids=acks, timeout=_CALL_SECONDS)


def _taken(came: queue.SimpleQueue[Came]) -> Source:
    while True:
        try:
            yield came.get(timeout=POLL_SECONDS)
        except queue.Empty:
            yield None
