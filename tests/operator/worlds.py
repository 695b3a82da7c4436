"""The two backends as an operator meets them, each test with an empty one of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envybox import google, local, settings
from envybox.event import Event
from envybox.ports.lookup import Lookup
from envybox.ports.store import Mark, Record
from envybox.settings import Settings
from envybox.types import topic_of
from envybox.webhook import Fields, encode_raw
from tests.samples import HELP_PAGE, KEY, SAMPLES, event_of

NOW = datetime(2026, 11, 22, 6, 46, tzinfo=UTC)
_numbers = itertools.count(1)


class World:
    """A backend: its environment, and ways to fill it without a receiver."""

    def __init__(
        self, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, emulator: str = ""
    ) -> None:
        """`emulator`: Firestore's host, past the gateway."""
        self.environ = {"ENVYBOX_KEYS": KEY, **environ}
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        self.settings: Settings = settings.load(self.environ)
        self.emulator = emulator

    @property
    def is_local(self) -> bool:
        """Whether it is the embedded backend."""
        return self.settings.backend == "local"

    def lookup(self) -> Lookup:
        """Return the look-up."""
        if self.is_local:
            from envybox.local.lookup import SqliteLookup

            return SqliteLookup(self.settings.local_path)
        from envybox.operator.firestore import FirestoreLookup

        return FirestoreLookup(
            self.settings.project, self.settings.database, self.settings.collection
        )

    def by_hand(self) -> Any:
        """Return a client that comes to the emulator itself, as who changes documents by hand."""
        from google.cloud import firestore

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FIRESTORE_EMULATOR_HOST", self.emulator)
            return firestore.Client(project=self.settings.project, database=self.settings.database)

    def run(self, work: Callable[[Any, Any], Any]) -> Any:
        """Run work on the store and the publisher, as the receiver has them."""

        async def scenario() -> Any:
            part = local if self.is_local else google
            backend = part.open_backend(self.settings)
            try:
                return await work(backend.store, backend.publisher)
            finally:
                await backend.close()

        return asyncio.run(scenario())

    def put(
        self,
        *events: tuple[Event, Fields],
        published: bool = True,
        expire_at: datetime | None = None,
    ) -> None:
        """Store events; `expire_at` is for what is published."""

        async def work(store: Any, _publisher: Any) -> None:
            async def put(event: Event, fields: Fields) -> None:
                topic = topic_of(self.settings.topic_prefix, event.type)
                new = Record(event=event, raw=encode_raw(fields), topic=topic)
                await store.create(new, timeout=10)
                if published:
                    mark = Mark(event_id=event.id, message_id="7", at=NOW, expire_at=expire_at)
                    await store.mark(mark, timeout=10)

            for start in range(0, len(events), 200):
                await asyncio.gather(*(put(*one) for one in events[start : start + 200]))

        self.run(work)


def an_event(
    fields: Fields | str = HELP_PAGE, *, seconds: float = 0, account: str = "shop", **changes: str
) -> tuple[Event, Fields]:
    """Return an event of a sample, with fields changed, received so many seconds after NOW."""
    chosen = SAMPLES[fields] if isinstance(fields, str) else fields
    pairs = [(name, changes.get(name, value)) for name, value in chosen]
    pairs += [pair for pair in changes.items() if pair[0] not in dict(chosen)]
    at = NOW + timedelta(seconds=seconds)
    event = event_of(pairs, account=account, received_at=at)
    return msgspec.structs.replace(event, id=f"{next(_numbers):032x}"), pairs


def ids(events: Iterable[Any]) -> list[str]:
    """Return the ids of events that were put or found."""
    return [one.event.id if hasattr(one, "event") else one[0].id for one in events]


def local_world(directory: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an empty embedded backend."""
    path = directory / "envybox.db"
    return World({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(path)}, monkeypatch)


def next_project() -> str:
    """Return the id of a project that no test had yet."""
    return f"demo-operator-{next(_numbers)}"
