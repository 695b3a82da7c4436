"""What the examples' tests share: a store in a file, and functions that get its events pushed."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import functions_framework
import msgspec
import pytest

from envybox import MemoryKeeper
from envybox.event import Event
from envybox.local import open_backend
from envybox.ports.store import Record
from envybox.settings import load
from envybox.testing import push, sample

EXAMPLES = Path(__file__).parents[2] / "examples"
# What starts each function; those that Terraform is not given in the open are its secrets.
SETTINGS = {
    "amocrm": {"AMOCRM_TOKEN": "x", "AMOCRM_DOMAIN": "example.amocrm.ru"},
    "bitrix24": {"BITRIX24_WEBHOOK_URL": "https://example.bitrix24.ru/rest/1/secret/"},
    "conversions": {
        "CONVERSIONS_CONSENT": "granted",
        "GA4_MEASUREMENT_ID": "G-1",
        "GA4_API_SECRET": "x",
        "METRICA_COUNTER": "1",
        "METRICA_TOKEN": "x",
    },
    "recordings": {"RECORDINGS_BUCKET": "recordings"},
    "template": {"MINE_URL": "https://example.com/"},
    "telegram": {"TELEGRAM_TOKEN": "1:x", "TELEGRAM_CHATS": "-1"},
}
NAMES = sorted(SETTINGS)
"""Not those of the folder: a user's own function may lie there too."""

ORDERS = list(itertools.permutations(range(3)))
"""Each order in which a call's three webhooks can come."""


class World:
    """The receiver's store, and the functions behind it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "envybox.db"
        self._monkeypatch = monkeypatch
        self._keeper = MemoryKeeper()
        monkeypatch.setenv("ENVYBOX_BACKEND", "local")
        monkeypatch.setenv("ENVYBOX_LOCAL_PATH", str(self.path))
        self._backend = open_backend(load({"ENVYBOX_LOCAL_PATH": str(self.path)})).store
        asyncio.run(self._backend.get("0" * 32, timeout=10))  # makes the file

    def close(self) -> None:
        asyncio.run(self._backend.close())

    def store(self, *events: Event) -> None:
        """Store events, as the receiver does before it publishes them."""
        for event in events:
            record = Record(event=event, raw="[]", topic="envybox-test")
            asyncio.run(self._backend.create(record, timeout=10))

    def function(self, name: str, **environ: str) -> Function:
        """Load an example with these settings, as functions-framework does."""
        folder = EXAMPLES / name
        for variable, value in environ.items():
            self._monkeypatch.setenv(variable, value)
        for sibling in folder.glob("*.py"):
            sys.modules.pop(sibling.stem, None)  # another example's may have its name
        self._monkeypatch.syspath_prepend(str(folder))
        app = functions_framework.create_app("main", str(folder / "main.py"))
        main = sys.modules["main"]
        main.MEMORY.once._keeper = self._keeper  # quicker than a file
        return Function(app, main)


class Function:
    """An example, loaded: `main` is its module."""

    def __init__(self, app: Any, main: Any) -> None:
        self._app = app
        self.main = main

    def push(self, event: Event, **options: Any) -> tuple[int, str]:
        """Push an event as Pub/Sub does; return the answer's status and text."""
        request = push(event, **options)
        answer = self._app.test_client().post("/", data=request.body, headers=request.headers)
        return answer.status_code, answer.text

    def deliver(self, events: Iterable[Event], *, tries: int = 10, threads: int = 1) -> None:
        """Push events until each is answered 2xx, as Pub/Sub does; fail after so many tries."""
        with ThreadPoolExecutor(threads) as pool:
            left = list(events)
            for _ in range(tries):
                answers = list(pool.map(self.push, left))
                left = [
                    event for event, (status, _) in zip(left, answers, strict=True) if status != 200
                ]
                if not left:
                    return
        pytest.fail(f"{len(left)} events are not taken after {tries} tries: {answers}")


def module(name: str, stem: str) -> Any:
    """Return a module of an example that imports none of its neighbours."""
    spec = importlib.util.spec_from_file_location(stem, EXAMPLES / name / f"{stem}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def call(call_id: str = "6002540", **changes: Any) -> list[Event]:
    """Return a call's three events: it starts, the operator misses it, a call-back is ordered."""
    return [
        told(sample(type_, call={"id": call_id, **said}, **changes), minutes)
        for minutes, (type_, said) in enumerate(
            (
                ("call.started", {"state": None, "state_text": None, "record_url": None}),
                ("call.info", {"state": "operator_no_answer", "state_text": "Оператор не взял"}),
                ("call.result", {"state": "callback_ordered", "state_text": "Заказ звонка"}),
            )
        )
    ]


def told(event: Event, minutes: float) -> Event:
    """Return the event as it was received some minutes after the first sample of all."""
    first = sample("call.started").received_at
    return msgspec.structs.replace(event, received_at=first + timedelta(minutes=minutes))
