"""A world of its own on the emulators: project, topics, subscriptions, both functions."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from envybox.tools.emulators import create_push_subscription, create_topics
from tests.faults.function import Answer, Function
from tests.faults.gate import Backend, until
from tests.faults.promise import (
    KEY,
    LONGEST_SECONDS,
    TYPES,
    Figures,
    Seen,
    Senders,
    Sent,
    broken,
    figures,
    webhook,
)
from tests.gateway import deployment
from tests.gateway.rules import FIRESTORE, PUBSUB

PREFIX = "envybox-"
SETTLE_SECONDS = 30
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class World:
    """Emulators behind gates (`store`, `topics`), and functions that know no other way."""

    def __init__(
        self, firestore: str, pubsub: str, environ: Mapping[str, str] | None = None
    ) -> None:
        self.project = f"demo-{secrets.token_hex(4)}"
        self._firestore, self._pubsub = firestore, pubsub
        self.deployment = deployment.load(self.project)
        self.store = Backend(firestore, FIRESTORE, self.deployment)
        self.topics = Backend(pubsub, PUBSUB, self.deployment)
        self._messages: dict[str, dict[str, set[str]]] = {}
        self._environ = environ or {}
        self.webhook = Function("webhook", self.environ("webhook"))
        self.recover = Function("recover", self.environ("recover"))
        self._subscribed = [*TYPES.values(), "spool-dead"]
        create_topics(pubsub, self.project, PREFIX)
        for topic in self._subscribed:
            self.subscribe(topic)
        create_push_subscription(
            pubsub, self.project, "spool-push", PREFIX + "spool", self.recover.url
        )

    def environ(self, target: str) -> dict[str, str]:
        """Return a function's environment: each account has its own doors."""
        return {
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_EMULATOR_HOST": self.store.hosts[target],
            "PUBSUB_EMULATOR_HOST": self.topics.hosts[target],
            "ENVYBOX_DATABASE": self.deployment.database_id,
            "ENVYBOX_KEYS": KEY,
            "ENVYBOX_RECOVER_AFTER_SECONDS": "0",
            **self._environ,
        }

    def start(self) -> None:
        """Start both functions."""
        functions = (self.webhook, self.recover)
        for function in functions:
            function.start()
        for function in functions:
            function.wait()

    def close(self) -> None:
        """Stop everything."""
        for function in (self.webhook, self.recover):
            function.kill()
        self.store.close()
        self.topics.close()

    def heal(self) -> None:
        """End every fault."""
        self.store.heal()
        self.topics.heal()

    def calm(self) -> None:
        """End every fault and wait until the function trusts its backends again."""
        self.heal()
        until(lambda: self.send(webhook()).body.get("status") == "published", 20, "published again")

    def send(self, one: Sent) -> Answer:
        """Send a webhook to the function."""
        return self.webhook.post(one.fields)

    def post(self, one: Sent) -> Answer:
        """Send a webhook and keep its answer with it."""
        one.answers.append(self.send(one))
        return one.answers[-1]

    def senders(self, clients: int) -> Senders:
        """Return clients of the function."""
        return Senders(self.send, clients)

    def another(self, target: str, environ: Mapping[str, str] | None = None) -> Function:
        """Start one more instance of a function and return it; the caller kills it."""
        function = Function(target, {**self.environ(target), **(environ or {})})
        function.start()
        function.wait()
        return function

    def topics_work(self) -> bool:
        """Whether `recover` reaches Pub/Sub: it has a connection of its own, and may wait."""
        buried = len(self.pull("spool-dead"))
        envelope = {"message": {"data": base64.b64encode(b"no webhook").decode()}}
        self.recover.ask("POST", json.dumps(envelope).encode())
        return len(self.pull("spool-dead")) > buried

    def run_recover(self) -> Answer:
        """Call `recover` as the scheduler does."""
        return self.recover.ask("POST")

    def settle(self, sent: Iterable[Sent]) -> Figures:
        """Heal all, let `recover` do its work, and return the figures of a promise kept.

        Fails where it is not kept.
        """
        sent = list(sent)
        self.heal()
        self._until_kept(sent)
        result = figures(sent, self.look())
        assert result.longest <= LONGEST_SECONDS, f"an answer took {result.longest:.2f} s"
        return result

    def _until_kept(self, sent: list[Sent]) -> None:
        problems: list[str] = ["nothing was looked at"]

        def kept() -> bool:
            report = self.run_recover()
            if report.status != 200 or report.body["pending"]:
                problems[:] = [f"recover answers {report.status} {report.body}"]
                return False
            problems[:] = broken(sent, self.look())
            return not problems

        try:
            until(kept, SETTLE_SECONDS, "the promise kept")
        except AssertionError as error:
            raise AssertionError(f"{error}: {problems[:5]}") from None

    def look(self) -> Seen:
        """Return what is in the store and was published so far."""
        documents: Counter[str] = Counter()
        pending = 0
        for document in self._documents():
            fields = document["fields"]
            visitor = fields["visitor"]["mapValue"]["fields"]["id"]
            documents[visitor.get("stringValue", "")] += 1
            state = fields["publish"]["mapValue"]["fields"]["state"]["stringValue"]
            pending += state == "pending"
        messages: dict[str, set[str]] = {}
        for topic in TYPES.values():
            for message_id, data in self.pull(topic).items():
                marker = json.loads(data)["visitor"]["id"]
                messages.setdefault(marker, set()).add(message_id)
        return Seen(documents=documents, pending=pending, messages=messages)

    def pull(self, topic: str) -> dict[str, bytes]:
        """Return all messages of a topic since the beginning: data by message id."""
        known = self._messages.setdefault(topic, {})
        subscription = f"projects/{self.project}/subscriptions/test-{topic}"
        while True:
            found = self._call(
                f"{subscription}:pull", {"maxMessages": 500, "returnImmediately": True}
            ).get("receivedMessages", [])
            if not found:
                return known
            for received in found:
                message = received["message"]
                known[message["messageId"]] = base64.b64decode(message.get("data", ""))
            self._call(f"{subscription}:acknowledge", {"ackIds": [one["ackId"] for one in found]})

    def subscribe(self, topic: str) -> None:
        """Make the subscription that `pull` reads from."""
        body = {
            "topic": f"projects/{self.project}/topics/{PREFIX}{topic}",
            "ackDeadlineSeconds": 60,
        }
        self._call(f"projects/{self.project}/subscriptions/test-{topic}", body, "PUT")

    def publish(self, topic: str, data: bytes) -> None:
        """Publish to a topic, past the gate."""
        encoded = base64.b64encode(data).decode()
        self._call(
            f"projects/{self.project}/topics/{PREFIX}{topic}:publish",
            {"messages": [{"data": encoded, "attributes": {"origin": "a test"}}]},
        )

    def delete_topic(self, topic: str) -> None:
        """Delete a topic, past the gate."""
        self._call(f"projects/{self.project}/topics/{PREFIX}{topic}", None, "DELETE")

    def create_topic(self, topic: str) -> None:
        """Create a topic, past the gate, and a fresh subscription to it."""
        self._call(f"projects/{self.project}/topics/{PREFIX}{topic}", {}, "PUT")
        self._call(f"projects/{self.project}/subscriptions/test-{topic}", None, "DELETE")
        self.subscribe(topic)

    def documents(self) -> list[dict[str, Any]]:
        """Return all documents, whole, as Firestore's REST API gives them."""
        return self._documents(masks=())

    def change(self, event_id: str, field: str, value: dict[str, Any]) -> None:
        """Change a field of a document by hand, past the gate."""
        path = f"{self._collection}/{event_id}?updateMask.fieldPaths={field}"
        self._rest(path, {"fields": {field: value}}, "PATCH")

    def delete(self, event_id: str) -> None:
        """Delete a document by hand, past the gate."""
        self._rest(f"{self._collection}/{event_id}", None, "DELETE")

    @property
    def _collection(self) -> str:
        return f"{self.deployment.database}/documents/{self.deployment.collection}"

    def _documents(
        self, masks: tuple[str, ...] = ("visitor.id", "publish.state")
    ) -> list[dict[str, Any]]:
        mask = "".join(f"&mask.fieldPaths={path}" for path in masks)
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self._rest(f"{self._collection}?pageSize=1000{mask}&pageToken={token}")
            found += page.get("documents", [])
            token = page.get("nextPageToken", "")
            if not token:
                return found

    def _rest(self, path: str, body: object = None, method: str = "GET") -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": "Bearer owner", "content-type": "application/json"}
        url = f"http://{self._firestore}/v1/{path}"
        return _answer(urllib.request.Request(url, data, headers, method=method))

    def _call(self, path: str, body: object, method: str = "POST") -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        url = f"http://{self._pubsub}/v1/{path}"
        return _answer(urllib.request.Request(url, data, headers, method=method))


def in_parallel(calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
    """Make calls at the same time."""
    calls = list(calls)
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    with _http.open(request, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found
