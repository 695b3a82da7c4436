"""A receiver served as in production, and a look at what it stored and published."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx

from envybox.tools import emulators
from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of
from tests.gateway.deployment import Deployment

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"
PROJECT = "demo-contract"
_ROOT = Path(__file__).parents[2]


class Receiver:
    """The function `webhook` at `url`, and `recover` at `recover_url`."""

    def __init__(self, url: str, recover_url: str, backend: Backend, log: Path) -> None:
        self.url = url
        self.recover_url = recover_url
        self.backend = backend
        self._log = log
        self._http = httpx.Client(timeout=10, trust_env=False)

    def post(
        self, fields: Any, *, key: str | None = KEY, multipart: bool = False, **kwargs: Any
    ) -> httpx.Response:
        """Send a webhook as a form: a dict or a list of pairs, with the key at its end."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        if key is not None:
            pairs.append(("key", key))
        if multipart:
            parts = [(name, (None, value)) for name, value in pairs]
            return self._http.post(self.url, files=parts, **kwargs)
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        headers = {"content-type": "application/x-www-form-urlencoded", **kwargs.pop("headers", {})}
        return self._http.post(self.url, content=body, headers=headers, **kwargs)

    def request(self, method: str, **kwargs: Any) -> httpx.Response:
        """Send any request."""
        return self._http.request(method, self.url, **kwargs)

    def recover(self, content: bytes = b"", method: str = "POST") -> httpx.Response:
        """Call `recover`, by default as Cloud Scheduler and Pub/Sub do."""
        return self._http.request(method, self.recover_url, content=content)

    def accepted(self, fields: Any, **kwargs: Any) -> dict[str, Any]:
        """Send a webhook that has to be published, and return its document."""
        response = self.post(fields, **kwargs)
        assert (200, "published") == (response.status_code, response.json()["status"])
        return self.published(response.json()["id"])

    def published(self, event_id: str) -> dict[str, Any]:
        """Return the document of an event once it is marked as published.

        The mark is on its way when the answer comes, and need not have arrived.
        """
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            document = self.backend.document(event_id)
            if document and document["publish"]["state"] == "published":
                return document
            time.sleep(0.01)
        raise AssertionError(f"{event_id} is not published: {document}")

    def message(self, event_id: str) -> dict[str, Any]:
        """Return the one message of an event: its data, attributes and ordering key."""
        document = self.published(event_id)
        found = [
            message
            for message in self.backend.messages(document["publish"]["topic"])
            if message["attributes"].get("event_id") == event_id
        ]
        assert 1 == len(found)
        return found[0]

    def close(self) -> None:
        """Close the connections to it."""
        self._http.close()

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]


class Backend:
    """What a backend holds, read without the product's code."""

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
        self._pubsub = f"http://{pubsub}/v1/projects/{PROJECT}"
        self._http = httpx.Client(timeout=30, trust_env=False)
        self._seen: dict[str, list[dict[str, Any]]] = {}
        emulators.create_topics(pubsub, PROJECT, "envybox-")
        for topic in _topics():
            subscription = {"topic": f"projects/{PROJECT}/topics/{topic}"}
            answer = self._http.put(f"{self._pubsub}/subscriptions/{topic}", json=subscription)
            answer.raise_for_status()

    def environ(self, target: str, /) -> dict[str, str]:
        return {
            "ENVYBOX_BACKEND": "google",
            "GOOGLE_CLOUD_PROJECT": PROJECT,
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


@contextlib.contextmanager
def serve(backend: Backend, **environ: str) -> Iterator[Receiver]:
    """Serve both functions of the checkout on free ports, with further settings."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = folder / "log"
        urls = []
        for target in ("webhook", "recover"):
            port = emulators.free_port()
            output = stack.enter_context(log.open("a") if target == "webhook" else _null())
            served = ["--target", target, "--source", str(_ROOT / "main.py")]
            process = subprocess.Popen(
                [sys.executable, "-m", "functions_framework", *served, "--port", str(port)],
                cwd=folder,
                stdout=output,
                env=_clean() | {"ENVYBOX_KEYS": f"shop={KEY}"} | backend.environ(target) | environ,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            urls.append(f"http://127.0.0.1:{port}/")
        for url in urls:
            _wait(url)
        log.write_text("")
        running = Receiver(urls[0], urls[1], backend, log)
        stack.callback(running.close)
        yield running


def _clean() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ENVYBOX_", "GOOGLE_CLOUD")) and not name.endswith("_HOST")
    }


def _null() -> Any:
    return Path(os.devnull).open("w")


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.head(url, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the receiver does not start"
            time.sleep(0.05)
        else:
            return


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
