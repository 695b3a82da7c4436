"""The examples of the README, docs/try.md and docs/subscribers.md, run as they stand there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from envybox import Event, MemoryKeeper
from envybox.ports.store import Record
from envybox.subscriber import api
from envybox.testing import PushRequest, push, sample
from tests.local.support import opened

ROOT = Path(__file__).parents[2]
INFO = sample("call.info")
STARTED = sample("call.started")


def _blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


README, *_ = _blocks("README.md")
(TRY,) = _blocks("docs/try.md")
ONCE, SUBJECT, STORIES, FUNCTION, TESTS = _blocks("docs/subscribers.md")


def _http(main: Callable[[flask.Request], Any]) -> FlaskClient:
    """Return a client of a function, served as functions-framework serves it."""
    app = flask.Flask("test")
    app.add_url_rule("/", view_func=lambda: main(flask.request), methods=["POST"], endpoint="main")
    app.testing = True
    return app.test_client()


def _post(main: Callable[[flask.Request], Any], request: PushRequest) -> int:
    return _http(main).post("/", data=request.body, headers=request.headers).status_code


@pytest.mark.emulator
def test_readme(firestore: Any, hosts: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's function has ten lines and posts each event once, in Moscow's time."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", hosts[0])
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", firestore.project)
    posted: list[tuple[str, bytes]] = []
    names: dict[str, Any] = {}
    exec(README, names)  # noqa: S102 - that is the test
    monkeypatch.setitem(names, "urlopen", lambda url, body: posted.append((url, body)))

    for event in (INFO, INFO, STARTED, INFO):
        assert 204 == _post(names["main"], push(event))
    assert [("https://chat.example.com", b"10:36 +79000000000")] * 2 == posted
    assert 10 == len([line for line in README.splitlines() if line])


def test_try(capsys: pytest.CaptureFixture[str]) -> None:
    """The tutorial's function prints each lead once: its time, number and site."""
    names: dict[str, Any] = {}
    exec(TRY, names)  # noqa: S102 - that is the test
    lead = sample("call.result", page={"site": "example.com"})
    assert [204, 204] == [_post(names["main"], push(lead)) for _ in range(2)]
    assert f"{lead.at:%H:%M} {lead.visitor.phone} example.com\n" == capsys.readouterr().out


class Crm:
    """Leads as the page's example calls for them."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def names(self, **more: Any) -> dict[str, Any]:
        def called(name: str, answer: Any) -> Callable[..., Any]:
            return lambda *_: self.calls.append(name) or answer

        return {
            "client": None,
            "tell": called("tell", 17),
            "find_lead": called("find", None),
            "add_lead": called("add", 342),
            "update_lead": called("update", 342),
            **more,
        }


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> MemoryKeeper:
    """What the examples take for Firestore."""
    memory = MemoryKeeper()
    monkeypatch.setattr("envybox.FirestoreKeeper", lambda _: memory, raising=False)
    return memory


def _ran(block: str, crm: Crm, *events: Event, **names: Any) -> list[int]:
    run = crm.names(**names)
    exec(ONCE.split("once =")[0] + block, run)  # noqa: S102 - that is the test
    return [_post(run["main"], push(event)) for event in events]


def test_once(keeper: MemoryKeeper) -> None:
    """The example of `Once` tells each event once, and keeps what came of it."""
    crm = Crm()
    assert [204] * 3 == _ran(ONCE, crm, INFO, INFO, STARTED)
    assert ["tell", "tell"] == crm.calls
    found = keeper.read(f"telegram#{INFO.id}")
    assert found is not None
    assert '{"message":17}' == found.entry.result


@pytest.mark.usefixtures("keeper")
def test_subject() -> None:
    """The example of a subject adds one lead of a call, and brings it up to date."""
    crm = Crm()
    assert [204] * 3 == _ran(SUBJECT, crm, STARTED, INFO, STARTED)
    assert ["add", "update"] == crm.calls


@pytest.mark.usefixtures("keeper")
def test_stories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example of stories tells a call and its visitor, where the receiver stored them."""
    path = tmp_path / "envybox.db"
    asyncio.run(_stored(path, STARTED, INFO))
    assert [204] == _ran(STORIES, Crm(), INFO, client=path)
    told = capsys.readouterr().out
    assert all(part in told for part in ("answered Manager", " 95 ", "yandex", "1 0 0 2026-11-20"))


def test_function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The whole function posts a lead once, and answers Pub/Sub by what the CRM said."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "local")
    monkeypatch.setenv("ENVYBOX_LOCAL_PATH", str(tmp_path / "envybox.db"))
    statuses = iter((503, 403, 201))
    posted: list[Any] = []

    def call(method: str, url: str, *, json: Any) -> api.Answer:
        posted.append((method, url, json["phone"], json["answers"]))
        return api.Answer(next(statuses), {}, b"")

    monkeypatch.setattr(api, "call", call)
    names: dict[str, Any] = {}
    exec(FUNCTION, names)  # noqa: S102 - that is the test
    event = sample("lead.quiz", custom_data={"rooms": "2"}, extra={})
    answered = [_post(names["main"], push(event)) for _ in range(4)]
    assert [503, 500, 200, 200] == answered
    lead = ("POST", "https://crm.example.com/leads", event.visitor.phone, {"rooms": "2"})
    assert [lead] * 3 == posted


async def _stored(path: Path, *events: Event) -> None:
    async with opened(path) as backend:
        for event in events:
            record = Record(event=event, raw="[]", topic="envybox-call-info")
            await backend.create(record, timeout=10)


def test_tests() -> None:
    """The example of a test passes against a function that reads the event."""
    exec(TESTS, {"http": _http(lambda request: ("", 204 if request.data else 400))})  # noqa: S102 - that is the test
