"""A world on the embedded backend: a file, and several processes on it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

from tests.faults.function import Answer, Function
from tests.faults.gate import until
from tests.faults.promise import (
    KEY,
    LONGEST_SECONDS,
    Figures,
    Seen,
    Senders,
    Sent,
    broken,
    figures,
)

SETTLE_SECONDS = 30


class LocalWorld:
    """Two instances of the webhook function and one of `recover` on one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        environ = {
            "ENVYBOX_BACKEND": "local",
            "ENVYBOX_LOCAL_PATH": str(path),
            "ENVYBOX_KEYS": KEY,
            "ENVYBOX_RECOVER_AFTER_SECONDS": "0",
        }
        self.webhooks = [Function("webhook", environ) for _ in range(2)]
        self.recover = Function("recover", environ)
        self._turns = cycle(self.webhooks)

    def start(self) -> None:
        """Start all three."""
        functions = [*self.webhooks, self.recover]
        for function in functions:
            function.start()
        for function in functions:
            function.wait()

    def close(self) -> None:
        """Stop all three."""
        for function in [*self.webhooks, self.recover]:
            function.kill()

    def send(self, one: Sent) -> Answer:
        """Send a webhook to one of the instances, in turn."""
        return next(self._turns).post(one.fields)

    def post(self, one: Sent) -> Answer:
        """Send a webhook and keep its answer with it."""
        one.answers.append(self.send(one))
        return one.answers[-1]

    def senders(self, clients: int) -> Senders:
        """Return clients of the instances."""
        return Senders(self.send, clients)

    def settle(self, sent: Iterable[Sent]) -> Figures:
        """Let `recover` do its work; return the figures of a promise kept, or fail."""
        sent = list(sent)
        problems: list[str] = []

        def kept() -> bool:
            report = self.recover.ask("POST")
            problems[:] = broken(sent, self.look())
            return report.status == 200 and not report.body["pending"] and not problems

        try:
            until(kept, SETTLE_SECONDS, "the promise kept")
        except AssertionError as error:
            raise AssertionError(f"{error}: {problems[:5]}") from None
        self.check_file()
        result = figures(sent, self.look())
        assert result.longest <= LONGEST_SECONDS, f"an answer took {result.longest:.2f} s"
        return result

    def look(self) -> Seen:
        """Return what is in the file."""
        messages: dict[str, set[str]] = {}
        with self.open() as db:
            events = db.execute("SELECT event, state FROM events").fetchall()
            rows = db.execute(
                "SELECT message_id, data FROM messages WHERE topic NOT LIKE '%spool%'"
            ).fetchall()
        for message_id, data in rows:
            messages.setdefault(json.loads(data)["visitor"]["id"], set()).add(message_id)
        return Seen(
            documents=Counter(json.loads(event)["visitor"]["id"] for event, _ in events),
            pending=sum(state == "pending" for _, state in events),
            messages=messages,
        )

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with self.open() as db:
            count: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        return count

    def check_file(self) -> None:
        """Fail where SQLite finds anything in the file that is not whole."""
        with self.open() as db:
            assert [("ok",)] == db.execute("PRAGMA integrity_check").fetchall()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open the file as another process would."""
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as db:
            yield db
