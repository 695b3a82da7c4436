from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from envybox.errors import Unaskable, Unavailable
from envybox.local.lookup import SqliteLookup
from envybox.operator.commands import doctor
from envybox.operator.place import Place
from envybox.ports.lookup import Filters
from tests.contract.backends import Local
from tests.contract.receiver import KEY as ACCEPTED
from tests.contract.receiver import Receiver, serve
from tests.operator.monitoring import Monitoring
from tests.operator.support import Server, objects, run, serving
from tests.operator.test_dead import _make
from tests.operator.worlds import NOW, World, an_event


def _results(*arguments: str, status: int = 0) -> dict[str, str]:
    return {
        check["name"]: f"{check['result']} {check['text']} {check['remedy']}"
        for check in objects(run("doctor", "--json", *arguments, status=status))
    }


@pytest.fixture
def served(local: World) -> Iterator[Receiver]:
    """A receiver on the embedded backend."""
    with serve(Local(Path(local.settings.local_path))) as receiver:
        yield receiver


def test_a_receiver_that_is_well(served: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver answers, takes a test webhook that can be told, stores and publishes it."""
    monkeypatch.setenv("ENVYBOX_KEY", ACCEPTED)
    found = _results("--url", served.url)
    assert {"ok"} == {text.split()[0] for text in found.values()}
    assert {"receiver", "webhook", "event", "store", "indexes", "pending"} <= set(found)
    [event] = objects(run("events", "--json"))
    assert ("unknown", None) == (event["type"], event["visitor"]["phone"])
    assert "envybox_doctor" in event["extra"]
    monkeypatch.setenv("ENVYBOX_KEY", "a" * 32)
    refused = _results("--url", served.url, status=1)
    assert "BAD [403] invalid_key the key is not accepted" in refused["webhook"]


def test_told_in_lines(local: World) -> None:
    """A line for each check, and below it what to do."""
    local.put(an_event())
    text = run("doctor").stdout
    assert "note  receiver: not checked\n      → envybox doctor --url URL" in text
    assert "ok    pending: nothing" in text


def _answering(server: Server, status: int, event_id: str) -> None:
    server.status = status
    server.answer = json.dumps({"status": "published", "id": event_id}).encode()


def test_a_receiver_that_is_not(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not answer, refuses, or stores elsewhere is told with what to do."""
    monkeypatch.setattr(doctor, "STORED_SECONDS", 0.5)
    local.put(an_event(), waiting := an_event("the quiz", seconds=1))
    local.put(waits := an_event(seconds=2), published=False)
    assert waiting[0].id != waits[0].id
    gone = _results("--url", "http://127.0.0.1:9/", status=1)
    assert gone["receiver"].startswith("BAD http://127.0.0.1:9/")
    with serving() as server:
        _answering(server, 200, "0" * 32)
        assert "is not stored here" in _results("--url", server.url, status=1)["event"]
        _answering(server, 200, waits[0].id)
        assert "stored and not published" in _results("--url", server.url, status=1)["event"]
        assert "note not sent" in _results("--url", server.url, "--no-send", status=1)["webhook"]
        server.each = lambda: setattr(server, "status", 500)
        assert "[500]" in _results("--url", server.url, status=1)["webhook"]


def test_clock(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is wrong is told, for Google refuses its tokens; a server may tell no time."""
    local.put(an_event())
    with serving() as server:
        monkeypatch.setattr(doctor, "SKEW_SECONDS", -1)
        assert (
            "set this machine's clock"
            in _results("--url", server.url, "--no-send", status=1)["clock"]
        )
        monkeypatch.setattr(doctor, "SKEW_SECONDS", 10)
        monkeypatch.setattr("http.server.BaseHTTPRequestHandler.date_time_string", lambda *_: "")
        assert "clock" not in _results("--url", server.url, "--no-send")


def test_pending(local: World) -> None:
    """What waits for `recover` is well for a while, and then it is not."""
    seconds = (datetime.now(UTC) - NOW).total_seconds()
    local.put(an_event(seconds=seconds), published=False)
    assert _results()["pending"].startswith("ok 1, the oldest for")
    local.put(an_event(), published=False)
    assert _results(status=1)["pending"].startswith("BAD 2, the oldest for")


def test_indexes(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes that are missing are named; none by time is how some are set up."""
    local.put(an_event())
    real = SqliteLookup.page

    def by_time(self: SqliteLookup, filters: Filters, **more: Any) -> Any:
        if not filters.pending:
            raise Unaskable("no")
        return real(self, filters, **more)

    def by_site(self: SqliteLookup, filters: Filters, **more: Any) -> Any:
        if filters.site:
            raise Unaskable("no")
        return real(self, filters, **more)

    monkeypatch.setattr(SqliteLookup, "page", by_time)
    assert _results()["indexes"].startswith("note none by time")
    monkeypatch.setattr(SqliteLookup, "page", by_site)
    assert _results(status=1)["indexes"].startswith("BAD not there or not READY: by site")


def test_no_store(local: World) -> None:
    """A store that cannot be read is told, and asked no more."""
    assert local.is_local
    found = _results(status=1)
    assert found["store"].startswith("BAD")
    assert "pending" not in found


def test_what_google_knows(monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a project Google itself is asked too; what nobody can ask for is named."""
    place = Place({})
    for name in ("of_store", "of_pubsub"):
        monkeypatch.setattr(doctor, name, lambda *_: iter(()))
    lookup: Any = None  # it is asked for nothing
    found = [check.name for check in doctor.checks(place, lookup, None, send=False)]
    assert {"receiver", "ttl", "scheduler", "spooled", "buried", "grants"} <= set(found)
    assert monitoring.asked


@pytest.mark.emulator
def test_topics_and_subscriptions(emulated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics are there, the spool is taken, dead letters are kept; what is not is told."""
    from envybox.operator import listening
    from envybox.operator.subscriptions import Subscriptions

    emulated.put(an_event())
    found = _results(status=1)
    assert "ok all 12 are there" in found["topics"]
    assert "BAD nothing takes what is spooled" in found["spool"]
    assert "note not checked here terraform plan" in found["grants"]
    assert "ttl" not in found  # the emulators have none
    _make(emulated, ("envybox-spool", "envybox-spool"), ("telegram", "envybox-call-result"))
    with listening.subscribed(Place({}), ["call.result"]):
        texts = [
            f"{check['name']} {check['result']} {check['text']} {check['remedy']}"
            for check in objects(run("doctor", "--json"))
        ]
    assert any(text.startswith("spool ok") for text in texts)
    assert any("dead letters note none for envybox-spool, telegram" in text for text in texts)
    assert any("gcloud pubsub subscriptions delete envybox-listen-" in text for text in texts)
    missing = run("--topic-prefix", "other-", "doctor", "--json", status=1)
    assert "missing: other-call-info" in missing.stdout

    def refuse(*_: object) -> None:
        raise Unavailable("no")

    monkeypatch.setattr(Subscriptions, "listed", refuse)
    assert _results(status=1)["topics"].startswith("BAD no")
