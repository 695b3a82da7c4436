"""All five functions behind one call, whatever the order, and whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from envybox.event import Event
from envybox.testing import sample
from examples.standins.bitrix24 import LEAD
from examples.standins.server import HTML, Fault, Reply
from examples.standins.together import CHAT, RECORDING, Standins
from tests.examples.clock import Clock
from tests.examples.world import ORDERS, Function, World

CALL = "6002540"


class Together(NamedTuple):
    """A store, the services, whose clocks stand still, and the five functions between them."""

    world: World
    standins: Standins
    functions: list[Function]


@contextmanager
def together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Together]:
    """Start them anew, with a fault ordered in each service."""
    clock = Clock()
    folder.mkdir()
    with closing(World(folder, monkeypatch)) as world, ExitStack() as stack:
        standins = Standins.made(clock=clock)
        for one in standins:
            stack.enter_context(one)
        functions = []
        for name, given in standins.settings("").items():
            function = world.function(name, **given)
            if name == "amocrm":
                function.main.ACCOUNT.clock = clock
                function.main.ACCOUNT.sleep = clock.sleep
            if name == "telegram":
                function.main.BOT.sleep = clock.sleep
            functions.append(function)
        standins.go_wrong()
        standins.amocrm.faults.append(Fault("/notes", Reply(504, HTML), effect=True))
        standins.storage.faults.append(Fault("/o", None, effect=True))
        standins.ga4.faults.append(Fault("/mp/collect", Reply(503, HTML)))
        standins.metrica.faults.append(Fault("/upload", None, effect=True))
        yield Together(world, standins, functions)
        assert [] == [fault for standin in standins for fault in standin.faults]


def story(standins: Standins, now: datetime) -> list[Event]:
    """Return a call's three events: it starts, they talk, a call-back is ordered."""
    talk = {"state": "answered", "record_url": standins.recordings.url + RECORDING}
    said: dict[str, dict[str, Any]] = {
        "call.started": {},
        "call.info": {"duration_seconds": 54, **talk},
        "call.result": {"state": "callback_ordered"},
    }
    visitor, utm = {"phone": "+79000000000"}, {"source": "yandex"}
    ids = {"google_client_id": "1.2", "yandex_client_id": "3"}
    return [
        msgspec.structs.replace(
            sample(type_, call={"id": CALL, **call}, ids=ids, utm=utm, visitor=visitor),
            received_at=now + timedelta(seconds=number),
            occurred_at=None,
        )
        for number, (type_, call) in enumerate(said.items())
    ]


def state(standins: Standins) -> dict[str, Any]:
    """Return what is there in the end, but for numbers that the services give, and times."""
    amo, bitrix = standins.amocrm, standins.bitrix24
    without = {"id", "createdBy"}
    notes = [one for one in amo.notes if one["note_type"] == "common"]
    (lead,) = amo.leads.values()
    (message,) = standins.telegram.messages(CHAT)
    return {
        "bitrix24": [
            {name: value for name, value in one.items() if name not in without}
            for one in bitrix.items[LEAD].values()
        ],
        "comments": _texts(standins, [one["COMMENT"] for one in bitrix.comments]),
        "to-dos": [(one["title"], one["deadline"]) for one in bitrix.todos],
        "amocrm": {name: lead[name] for name in ("name", "fields", "tags", "status_id")},
        "calls": [one["params"]["uniq"] for one in amo.notes if one["note_type"] == "call_in"],
        "notes": _texts(standins, [one["params"]["text"] for one in notes]),
        "tasks": [one["text"] for one in amo.tasks],
        "telegram": message["text"].rpartition("\n")[0],  # the last line is the times
        "recordings": {name: content for name, (_, content) in standins.storage.objects.items()},
        "conversions": (
            [one["client_id"] for one in standins.ga4.events],
            [one["ClientId"] for one in standins.metrica.lines],
        ),
    }


def _texts(standins: Standins, texts: list[str]) -> list[str]:
    return sorted(text.replace(standins.recordings.url, "http://example.com") for text in texts)


def expect(found: dict[str, Any]) -> None:
    """Check what is to be there once, and what it says."""
    (lead,) = found["bitrix24"]
    assert ("call/6002540", "CALLBACK", "yandex") == (
        lead["originId"],
        lead["sourceId"],
        lead["utmSource"],
    )
    for texts in (found["comments"], found["notes"]):
        assert ["Заказ звонка", "Состоялся разговор"] == [text.split("\n")[0] for text in texts]
    assert (1, 1, ["6002540"]) == (len(found["to-dos"]), len(found["tasks"]), found["calls"])
    assert (["1.2"], ["3"]) == found["conversions"]
    assert 1 == len(found["recordings"])
    assert "📞 <b>Заказ звонка" in found["telegram"]


def test_in_every_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each order, twice, with each service failing on the way, the end is the same."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    ends = []
    for order in ORDERS:
        with together(tmp_path / f"{order}", monkeypatch) as (world, standins, functions):
            events = story(standins, now)
            for place in (*order, *order):
                world.store(events[place])
                for function in functions:
                    function.deliver([events[place]])
            ends.append(state(standins))
    expect(ends[0])
    for order, end in zip(ORDERS, ends, strict=True):
        for name, first in ends[0].items():
            assert (order, name, first) == (order, name, end[name])


def test_in_parallel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pushes at the same time, several times each, with the same failures, end so too."""
    with together(tmp_path / "parallel", monkeypatch) as (world, standins, functions):
        events = story(standins, datetime.now(UTC) - timedelta(minutes=1))
        world.store(*events)
        for function in functions:
            function.deliver(events * 2, threads=6, tries=60)
        expect(state(standins))
