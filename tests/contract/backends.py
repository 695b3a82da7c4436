"""What each backend holds, read without the product's code."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx

from envybox.tools import emulators
from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of
from tests.gateway.deployment import Deployment

ROOT = Path(__file__).parents[2]


class Backend:
    """What a backend holds, read without the product's code; and the functions on it."""

    source = ROOT / "main.py"

    def environ(self, _target: str, /) -> dict[str, str]:
        """Return the settings by which a function finds it."""
        return {}

    def document(self, event_id: str) -> dict[str, Any] | None:
        """Return a document as JSON values, times as RFC 3339."""
        raise NotImplementedError

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """Return all that was published to a topic."""
        raise NotImplementedError

    def close(self) -> None:
        """Close connections."""


class Local(Backend):
    """The embedded backend's file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def environ(self, _target: str, /) -> dict[str, str]:
        return {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(self.path)}

    def document(self, event_id: str) -> dict[str, Any] | None:
        rows = self._read("SELECT document FROM events WHERE id = ?", event_id)
        return json.loads(rows[0][0]) if rows else None

    def messages(self, topic: str) -> list[dict[str, Any]]:
        return [
            {"data": bytes(data), "attributes": json.loads(attributes), "ordering_key": key}
            for data, attributes, key in self._read(
                "SELECT data, attributes, ordering_key FROM messages WHERE topic = ?", topic
            )
        ]

    def _read(self, statement: str, *values: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return db.execute(statement, values).fetchall()


class Folder(Backend):
    """The folder of JSON files, which is a pattern for further backends."""

    source = ROOT / "tests" / "contract" / "folder" / "main.py"

    def __init__(self, path: Path) -> None:
        self._path = path

    def environ(self, _target: str, /) -> dict[str, str]:
        return {"ENVYBOX_LOCAL_PATH": str(self._path)}

    def document(self, event_id: str) -> dict[str, Any] | None:
        file = self._path / "events" / f"{event_id}.json"
        return json.loads(file.read_text()) if file.exists() else None

    def messages(self, topic: str) -> list[dict[str, Any]]:
        files = sorted((self._path / "messages" / topic).glob("*.json"))
        read = [json.loads(file.read_text()) for file in files]
        return [one | {"data": base64.b64decode(one["data"])} for one in read]


class Emulated(Backend):
    """The official emulators, by their REST interfaces; the functions come by a gateway."""

    def __init__(
        self,
        firestore: str,
        pubsub: str,
        deployment: Deployment,
        doors: dict[str, dict[str, str]],
    ) -> None:
        self._deployment = deployment
        self._doors = doors
        self._firestore = firestore
        self._project = deployment.database.split("/")[1]
        self._pubsub = f"http://{pubsub}/v1/projects/{self._project}"
        self._http = httpx.Client(timeout=30, trust_env=False)
        self._seen: dict[str, list[dict[str, Any]]] = {}
        emulators.create_topics(pubsub, self._project, "envybox-")
        for topic in _topics():
            subscription = {"topic": f"projects/{self._project}/topics/{topic}"}
            answer = self._http.put(f"{self._pubsub}/subscriptions/{topic}", json=subscription)
            answer.raise_for_status()

    def environ(self, target: str, /) -> dict[str, str]:
        return {
            "ENVYBOX_BACKEND": "google",
            "GOOGLE_CLOUD_PROJECT": self._project,
            "ENVYBOX_DATABASE": self._deployment.database_id,
            **self._doors[target],
        }

    def document(self, event_id: str) -> dict[str, Any] | None:
        answer = self._http.get(
            f"http://{self._firestore}/v1/{self._deployment.database}/documents"
            f"/{self._deployment.collection}/{event_id}",
            headers={"authorization": "Bearer owner"},
        )
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return _plain({"mapValue": answer.json()})

    def close(self) -> None:
        self._http.close()

    def messages(self, topic: str) -> list[dict[str, Any]]:
        seen = self._seen.setdefault(topic, [])
        url = f"{self._pubsub}/subscriptions/{topic}"
        while True:
            request = {"maxMessages": 1000, "returnImmediately": True}
            received = self._http.post(f"{url}:pull", json=request).json()
            if "receivedMessages" not in received:
                return seen
            for one in received["receivedMessages"]:
                seen.append(
                    {
                        "data": base64.b64decode(one["message"].get("data", "")),
                        "attributes": one["message"].get("attributes", {}),
                        "ordering_key": one["message"].get("orderingKey", ""),
                    }
                )
            acks = {"ackIds": [one["ackId"] for one in received["receivedMessages"]]}
            self._http.post(f"{url}:acknowledge", json=acks).raise_for_status()


def _topics() -> list[str]:
    names = [topic_of("envybox-", row.type) for row in TYPES]
    return [*names, spool_topic("envybox-"), dead_letter_topic("envybox-")]


def _plain(value: dict[str, Any]) -> Any:
    """Return a Firestore value of the REST interface as a plain one."""
    ((kind, content),) = ((k, v) for k, v in value.items() if k.endswith("Value"))
    if kind == "mapValue":
        return {name: _plain(below) for name, below in content.get("fields", {}).items()}
    if kind == "arrayValue":
        return [_plain(below) for below in content.get("values", [])]
    return int(content) if kind == "integerValue" else content
