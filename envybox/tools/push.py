"""Push delivery for the embedded backend: posts messages as Pub/Sub's push would.

At least once, several at a time, until the endpoint answers 2xx. A failing message is
tried again with growing pauses and does not hold up the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import sqlite3
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import NamedTuple

from envybox.local.subscriptions import Delivery, Subscription
from envybox.testing.envelope import Sent, wrapped

PARALLEL = 8
POLL_SECONDS = 0.1
ACK_SECONDS = 10.0
"""How long an endpoint may take to answer: Pub/Sub's default acknowledgement deadline."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
"""Seconds between tries. Pub/Sub goes up to 60; a developer who waits would rather not."""


class Push(NamedTuple):
    """A topic's name in full, and the URL that its messages are posted to."""

    topic: str
    url: str

    @property
    def name(self) -> str:
        """The subscription's name: the same at each start, so that it goes on where it was."""
        return f"{self.topic}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"


class Dispatcher:
    """Delivers to one endpoint, in a thread, from the moment it is made until `stop`.

    `report` is given a line of text when the endpoint begins to fail and when it is back.
    Raises `sqlite3.Error` where the file cannot be used.
    """

    def __init__(self, path: str, push: Push, name: str, report: Callable[[str], None]) -> None:
        self._path = path
        self._push = push
        self._name = name
        self._report = report
        self._failing = False
        self._in_flight: set[int] = set()
        self._results: SimpleQueue[tuple[Delivery, str]] = SimpleQueue()
        self._stopping = threading.Event()
        # Here, not in the thread: what is published from now on is to be delivered.
        Subscription(path, name, push.topic).close()
        self._thread = threading.Thread(target=self._run, name=f"push {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End. What is under way and not acknowledged is delivered again next time."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                place = Subscription(self._path, self._name, self._push.topic)
                with contextlib.closing(place):
                    while not self._stopping.is_set():
                        place.advance()
                        self._deliver(place)
                        self._settle(place)
            except sqlite3.Error as error:
                self._report(f"push: the database cannot be used now ({error})")
                self._stopping.wait(1)

    def _deliver(self, subscription: Subscription) -> None:
        for delivery in subscription.due(datetime.now(UTC), 2 * PARALLEL):
            if len(self._in_flight) < PARALLEL and delivery.sequence not in self._in_flight:
                self._in_flight.add(delivery.sequence)
                threading.Thread(target=self._post, args=(delivery,), daemon=True).start()

    def _settle(self, subscription: Subscription) -> None:
        with contextlib.suppress(Empty):
            delivery, problem = self._results.get(timeout=POLL_SECONDS)
            while True:
                self._in_flight.discard(delivery.sequence)
                self._tell(problem)
                if problem:
                    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(delivery.attempts, 10))
                    until = datetime.now(UTC) + timedelta(seconds=pause)
                    subscription.postpone(delivery.sequence, until)
                else:
                    subscription.acknowledge(delivery.sequence)
                delivery, problem = self._results.get_nowait()

    def _post(self, delivery: Delivery) -> None:
        body = envelope(delivery, self._name)
        self._results.put((delivery, post(self._push.url, body)))

    def _tell(self, problem: str) -> None:
        if bool(problem) != self._failing:
            self._failing = bool(problem)
            state = f"{problem}; will be tried again" if problem else "delivered again"
            self._report(f"push {self._push.topic} to {self._push.url}: {state}")


def envelope(delivery: Delivery, subscription: str) -> bytes:
    """Return the body of a push request, as `envybox.testing` makes it for a subscriber's tests."""
    name = f"projects/local/subscriptions/{subscription}"
    return wrapped(delivery.message, Sent(delivery.message_id, delivery.published_at, name)).body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer other than 2xx: Pub/Sub does not follow it."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


_http = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def post(url: str, body: bytes, seconds: float = ACK_SECONDS) -> str:
    """Post JSON; return '' for an answer of 2xx, or else what went wrong."""
    headers = {"content-type": "application/json", "user-agent": "envybox-push"}
    try:
        # Only http and https come here: `parse_push` sees to it.
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        _http.open(request, timeout=seconds).close()
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", "") or error or type(error).__name__)
    return ""
