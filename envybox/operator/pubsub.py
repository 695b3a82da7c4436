"""Pub/Sub, by Google's own client."""

from __future__ import annotations

from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

from envybox.operator.firestore import translated
from envybox.ports.publish import Message

CALL_SECONDS = 60.0


class PubSubOutlet:
    """The topics of a project."""

    def __init__(self, project: str) -> None:
        self._project = project
        ordered = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
        with translated(project):
            self._client: Any = pubsub_v1.PublisherClient(publisher_options=ordered)

    def topics(self) -> set[str]:
        """Return the names of the project's topics."""
        with translated(self._project):
            path = f"projects/{self._project}"
            found = self._client.list_topics(project=path, timeout=CALL_SECONDS)
            return {one.name.rpartition("/")[2] for one in found}

    def subscriptions(self, topic: str) -> list[str] | None:
        """Return the names of a topic's subscriptions; none where there is no such topic."""
        path = self._client.topic_path(self._project, topic)
        try:
            with translated(self._project):
                found = self._client.list_topic_subscriptions(topic=path, timeout=CALL_SECONDS)
                return sorted(name.rpartition("/")[2] for name in found)
        except Exception as error:
            cause = error.__cause__
            if isinstance(cause, exceptions.NotFound):
                return []
            if isinstance(cause, exceptions.Forbidden):
                return None
            raise

    def publish(self, messages: list[tuple[str, Message]]) -> list[str]:
        """Publish messages; the client sends them in batches."""
        sent = [
            self._client.publish(
                self._client.topic_path(self._project, topic),
                message.data,
                ordering_key=message.ordering_key,
                timeout=CALL_SECONDS,
                **message.attributes,
            )
            for topic, message in messages
        ]
        return [_problem(future) for future in sent]


def _problem(future: Any) -> str:
    try:
        future.result(timeout=2 * CALL_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, the event was not published
        return str(getattr(error, "message", "") or error or type(error).__name__)
    return ""
