"""The promise and how it is checked: what was sent, what became of it, the figures.

A 2xx means: stored exactly once, published at least once, nothing left pending once the
backends are back and `recover` ran; and no answer takes longer than 3 s.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from envybox.receiver.identity import first_id
from envybox.webhook import Webhook
from tests.faults.function import Answer

KEY = "0123456789abcdef0123456789abcdef"
LONGEST_SECONDS = 3.0
TYPES = {"1": "call-result", "12": "chat-online", "4": "lead-generator"}
_numbers = itertools.count(random.SystemRandom().randrange(10**8, 10**9) * 1000)


@dataclass
class Sent:
    """A webhook, told from all others by its visitor's id, and the answers to it."""

    fields: dict[str, str]
    answers: list[Answer] = field(default_factory=list)

    @property
    def marker(self) -> str:
        """The visitor's id."""
        return self.fields["visitor_id"]

    @property
    def event_id(self) -> str:
        """The id of its event, the first of its kind."""
        fields = [(name, value) for name, value in self.fields.items() if name != "key"]
        return first_id(Webhook(account="default", received_at=datetime.now(UTC), fields=fields))

    @property
    def acknowledged(self) -> bool:
        """Whether any of the answers was a 2xx."""
        return any(answer.acknowledged for answer in self.answers)


def webhook(webhooktype: str | None = None) -> Sent:
    """Return a webhook that is like no other. One in three has a call's or a chat's id."""
    number = str(next(_numbers))
    type_ = webhooktype or random.choice(list(TYPES))  # noqa: S311
    fields = {
        "webhooktype": type_,
        "key": KEY,
        "visitor_id": number,
        "phone": "79000000000",
        "name": "",
        "site": "example.com",
        "url": "https://example.com/?from=test",
        "ip": "192.0.2.7",
        "place": "Краснодар, Краснодарский край",
        "managers_phones": "[{«manager_name»:»»,»phone»:»79000000001″}]",
        "custom_data": "[]",
    }
    if type_ == "1":
        fields |= {"call_id": number, "call_state": "Заказ звонка"}
    return Sent(fields)


@dataclass
class Seen:
    """What is in the backends: documents and messages (their ids) by visitor's id."""

    documents: Counter[str]
    pending: int
    messages: dict[str, set[str]]


@dataclass(frozen=True)
class Figures:
    """The figures of one fault."""

    sent: int
    acknowledged: int
    stored: int
    published: int
    repeated: int
    longest: float

    def as_property(self) -> dict[str, float]:
        """Return them as a plain dictionary."""
        return asdict(self)


def figures(sent: Iterable[Sent], seen: Seen) -> Figures:
    """Count what became of webhooks."""
    sent = list(sent)
    answers = [answer for one in sent for answer in one.answers if answer.status]
    messages = [len(seen.messages.get(one.marker, ())) for one in sent]
    return Figures(
        sent=len(sent),
        acknowledged=sum(one.acknowledged for one in sent),
        stored=sum(seen.documents[one.marker] for one in sent),
        published=sum(count > 0 for count in messages),
        repeated=sum(count - 1 for count in messages if count),
        longest=max((answer.seconds for answer in answers), default=0.0),
    )


def broken(sent: Iterable[Sent], seen: Seen) -> list[str]:
    """Return in what the promise is not kept (yet)."""
    problems = [f"{seen.pending} pending"] if seen.pending else []
    for one in sent:
        stored, messages = seen.documents[one.marker], len(seen.messages.get(one.marker, ()))
        if stored > 1 or (one.acknowledged and stored != 1):
            problems.append(f"{one.marker}: stored {stored} times, answers {_told(one)}")
        if one.acknowledged and not messages:
            problems.append(f"{one.marker}: not published, answers {_told(one)}")
    return problems


def _told(sent: Sent) -> list[str]:
    return [f"{answer.status} {answer.body.get('status')}" for answer in sent.answers]


class Senders:
    """Clients that send in parallel, each the next webhook when it has its answer."""

    def __init__(self, send: Callable[[Sent], Answer], clients: int) -> None:
        self._send = send
        self._clients = clients
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.sent: list[Sent] = []

    def run(self, webhooks: Iterable[Sent]) -> list[Sent]:
        """Send all of these and return them, answered."""
        webhooks = list(webhooks)
        with ThreadPoolExecutor(self._clients) as pool:
            list(pool.map(self._one, webhooks))
        return webhooks

    def during(self, what: Callable[[], None]) -> list[Sent]:
        """Send ever new webhooks while something else happens, and return them.

        One that got no 2xx is sent again, as a sender would, at most twice.
        """
        with ThreadPoolExecutor(self._clients) as pool:
            loops = [pool.submit(self._keep_sending) for _ in range(self._clients)]
            try:
                what()
            finally:
                self._stop.set()
        for loop in loops:
            loop.result()
        return self.sent

    def _keep_sending(self) -> None:
        while not self._stop.is_set():
            one = webhook()
            with self._lock:
                self.sent.append(one)
            for _ in range(3):
                if one.acknowledged or self._stop.is_set():
                    break
                self._one(one)
                if not one.answers[-1].status:
                    self._stop.wait(0.05)  # nobody is there: it is being started again

    def _one(self, one: Sent) -> None:
        one.answers.append(self._send(one))
