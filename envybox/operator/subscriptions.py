"""A project's subscriptions, and the messages that wait in one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from google.api_core import exceptions
from google.cloud import pubsub_v1  # type: ignore[attr-defined] # it has no types

from envybox.operator.firestore import translated

CALL_SECONDS = 30.0
PULL_SECONDS = 5.0
"""How long a pull waits: Pub/Sub may say that nothing is there before it has looked."""
_HOLD_SECONDS = 600  # the most: a person reads


class Subscriptions:
    """What there is in a project."""

    def __init__(self, project: str) -> None:
        self._project = project
        with translated(project):
            self._client: Any = pubsub_v1.SubscriberClient()

    def listed(self) -> list[Any]:
        """Return the project's subscriptions, as Pub/Sub has them."""
        with translated(self._project):
            path = f"projects/{self._project}"
            return list(self._client.list_subscriptions(project=path, timeout=CALL_SECONDS))

    def get(self, name: str) -> Any:
        """Return one, None where there is none."""
        with translated(self._project), contextlib.suppress(exceptions.NotFound):
            return self._client.get_subscription(
                subscription=self._path(name), timeout=CALL_SECONDS
            )
        return None

    @contextlib.contextmanager
    def taken(self, name: str, limit: int) -> Iterator[list[Any]]:
        """Take messages that wait; those that `acknowledge` did not take come back at the end."""
        received: dict[str, Any] = {}
        path = self._path(name)
        while len(received) < limit:
            try:
                with translated(self._project):
                    answer = self._client.pull(
                        subscription=path,
                        max_messages=limit - len(received),
                        timeout=PULL_SECONDS,
                        retry=None,
                    )
            except Exception as error:
                if isinstance(error.__cause__, exceptions.DeadlineExceeded):
                    break
                raise
            if not answer.received_messages:
                break
            new = [one.ack_id for one in answer.received_messages]
            self._deadline(path, new, _HOLD_SECONDS)
            received |= {one.ack_id: one for one in answer.received_messages}
        try:
            yield list(received.values())
        finally:
            self._deadline(path, list(received), 0)

    def acknowledge(self, name: str, received: Any) -> None:
        """Take a message out for good."""
        with translated(self._project):
            self._client.acknowledge(
                subscription=self._path(name), ack_ids=[received.ack_id], timeout=CALL_SECONDS
            )

    def _deadline(self, path: str, ack_ids: list[str], seconds: int) -> None:
        if ack_ids:
            with contextlib.suppress(exceptions.GoogleAPICallError):  # they come back by themselves
                self._client.modify_ack_deadline(
                    subscription=path, ack_ids=ack_ids, ack_deadline_seconds=seconds
                )

    def _path(self, name: str) -> str:
        path: str = self._client.subscription_path(self._project, name)
        return path
