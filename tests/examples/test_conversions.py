from __future__ import annotations

import runpy
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from envybox.event import Event
from envybox.testing import sample
from examples.standins.analytics import Ga4, Metrica
from examples.standins.server import HTML, Fault, Reply
from tests.examples.world import EXAMPLES, ORDERS, Function, World

TOKEN, SECRET = "oauth-secret", "api-secret"
CLIENT, YANDEX = "1000000001.1700000000", "1700000000000000001"
Load = Callable[..., Function]


@pytest.fixture
def ga4() -> Iterator[Ga4]:
    """Google Analytics."""
    with Ga4() as server:
        yield server


@pytest.fixture
def metrica() -> Iterator[Metrica]:
    """Yandex.Metrica."""
    with Metrica(TOKEN, time.time) as server:
        yield server


@pytest.fixture
def environ(ga4: Ga4, metrica: Metrica) -> dict[str, str]:
    """Settings for both."""
    return {
        "CONVERSIONS_CONSENT": "granted",
        "GA4_MEASUREMENT_ID": "G-TEST",
        "GA4_API_SECRET": SECRET,
        "GA4_API": ga4.url,
        "METRICA_COUNTER": "123",
        "METRICA_TOKEN": TOKEN,
        "METRICA_API": metrica.url,
    }


@pytest.fixture
def function(world: World, environ: dict[str, str]) -> Load:
    """Loads the example with settings."""

    def load(**changes: str) -> Function:
        return world.function("conversions", **{**environ, **changes})

    return load


def now(type_: str, **changes: Any) -> Event:
    """Return an event of a visitor whom both services know, received just now."""
    ids = {"google_client_id": CLIENT, "yandex_client_id": YANDEX, **changes.pop("ids", {})}
    event = sample(type_, ids=ids, **changes)
    return msgspec.structs.replace(event, received_at=datetime.now(UTC), occurred_at=None)


def call() -> list[Event]:
    """Return a call's events: it starts, nobody answers, a call-back is ordered."""
    said = {"id": "6002540"}
    return [
        now("call.started", call={**said, "state": None}),
        now("call.info", call={**said, "state": "operator_no_answer"}),
        now("call.result", call={**said, "state": "callback_ordered"}),
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_a_call_is_one_conversion_whatever_the_order(
    ga4: Ga4, metrica: Metrica, function: Load, order: tuple[int, ...]
) -> None:
    """The events of a call, in any order and twice, are one conversion in each service."""
    events = call()
    function().deliver([events[place] for place in (*order, *order)])
    assert [("envybox_callback", CLIENT)] == [(e["name"], e["client_id"]) for e in ga4.events]
    assert [("envybox_callback", YANDEX)] == [(x["Target"], x["ClientId"]) for x in metrica.lines]


def test_in_parallel(ga4: Ga4, metrica: Metrica, function: Load) -> None:
    """Pushes of one call at the same time are one conversion."""
    function().deliver(call() * 3, threads=6, tries=40)
    assert (1, 1) == (len(ga4.events), len(metrica.lines))


@pytest.mark.parametrize(
    ("path", "reply", "status"),
    [
        ("/mp/collect", Reply(503, HTML), 503),
        ("/upload", Reply(503, HTML), 503),
        ("/upload", Reply(429, {"errors": [{"error_type": "quota"}]}), 503),
        ("/upload", Reply(403, {"errors": [{"error_type": "invalid_token"}]}), 500),
        ("/upload", Reply(200, HTML), 503),
    ],
)
def test_failures_between(
    ga4: Ga4, metrica: Metrica, function: Load, path: str, reply: Reply, status: int
) -> None:
    """Each failure of one service ends in one conversion in both: the other is not asked twice."""
    for server in (ga4, metrica):
        server.faults.append(Fault(path, reply))
    send = function()
    lead = now("lead.quiz")
    assert status == send.push(lead)[0]
    send.deliver([lead])
    assert (1, 1) == (len(ga4.events), len(metrica.lines))


def test_a_time_out_that_took_effect(metrica: Metrica, ga4: Ga4, function: Load) -> None:
    """Metrica is asked whether it took the upload; GA4 cannot be asked, and has it twice."""
    for server in (ga4, metrica):
        server.faults.extend(Fault(path, None, effect=True) for path in ("/mp/collect", "/upload"))
    function().deliver([now("lead.quiz")])
    assert (2, 1) == (len(ga4.events), len(metrica.lines))


def test_a_time_out_and_then_another_event_of_the_call(metrica: Metrica, function: Load) -> None:
    """What was taken of one event of a call, though no answer came, is found by the next one."""
    metrica.faults.append(Fault("/upload", None, effect=True))
    send = function()
    talked, ordered = (
        now(type_, call={"id": "6002540", "state": state})
        for type_, state in (("call.info", "answered"), ("call.result", "callback_ordered"))
    )
    assert 503 == send.push(talked)[0]
    send.deliver([ordered, talked])
    assert ["envybox_call"] == [line["Target"] for line in metrica.lines]


def test_a_refused_line(
    metrica: Metrica, function: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fewer lines taken than sent, or a wrong one, is answered 2xx, with an ERROR in the log."""
    counts = {"uploading": {"source_quantity": 1, "line_quantity": 0}}
    invalid = {"errors": [{"error_type": "invalid_uploading"}]}
    metrica.faults += [Fault("/upload", Reply(200, counts)), Fault("/upload", Reply(400, invalid))]
    send = function()
    assert [200, 200] == [send.push(now("lead.quiz"))[0], send.push(now("lead.video"))[0]]
    assert 2 == capsys.readouterr().out.count('"ERROR"')


def test_the_table(ga4: Ga4, metrica: Metrica, function: Load) -> None:
    """What counts, and with what value, says the table: the first row that fits."""
    table = """[
        {"type": "call.*", "state": "answered", "seconds": 30, "goal": "long", "value": 500},
        {"type": "call.*", "state": "answered", "goal": "short", "value": 50, "currency": "USD"}]"""
    send = function(CONVERSIONS_TABLE=table)
    for number, seconds in ((1, 54), (2, 5)):
        said = {"id": str(number), "state": "answered", "duration_seconds": seconds}
        send.push(now("call.info", call=said))
    assert "no conversion" == send.push(now("lead.quiz"))[1]
    values = [(e["name"], e["params"]["value"], e["params"]["currency"]) for e in ga4.events]
    assert [("long", 500, "RUB"), ("short", 50, "USD")] == values
    prices = [(line["Target"], line["Price"], line["Currency"]) for line in metrica.lines]
    assert [("long", "500.00", "RUB"), ("short", "50.00", "USD")] == prices


def test_the_time_is_past_and_in_utc(ga4: Ga4, metrica: Metrica, function: Load) -> None:
    """A time that was read in a wrong zone, and lies in the future, is sent as that of receipt."""
    lead = now("lead.quiz")
    ahead = msgspec.structs.replace(lead, occurred_at=lead.received_at + timedelta(hours=3))
    assert 200 == function().push(ahead)[0]
    assert int(lead.received_at.timestamp()) == int(metrica.lines[0]["DateTime"])
    assert int(lead.received_at.timestamp()) == ga4.events[0]["at"] // 1_000_000


@pytest.mark.parametrize(("age", "sent"), [(71, (1, 1)), (73, (0, 1)), (24 * 22, (0, 0))])
def test_too_late(
    ga4: Ga4, metrica: Metrica, function: Load, age: int, sent: tuple[int, int]
) -> None:
    """What is older than a service takes (72 hours, 21 days) is not sent there."""
    old = datetime.now(UTC) - timedelta(hours=age)
    function().push(msgspec.structs.replace(now("lead.quiz"), received_at=old))
    assert sent == (len(ga4.events), len(metrica.lines))


@pytest.mark.parametrize(
    ("ids", "sent"),
    [
        ({"google_client_id": None}, (0, 1)),
        ({"yandex_client_id": None, "yclid": "12345"}, (1, 1)),
        ({"yandex_client_id": None, "yclid": 'x",\n=cmd'}, (1, 0)),
        ({"google_client_id": "<script>", "yandex_client_id": "1e5"}, (0, 0)),
    ],
)
def test_whom_a_service_knows(
    ga4: Ga4, metrica: Metrica, function: Load, ids: dict[str, Any], sent: tuple[int, int]
) -> None:
    """A service whose id the visitor does not have gets nothing, nor one with a made-up id."""
    assert 200 == function().push(now("lead.quiz", ids=ids))[0]
    assert sent == (len(ga4.events), len(metrica.lines))


@pytest.mark.parametrize(("said", "sent"), [({}, 0), ({"agreed": "0"}, 0), ({"agreed": "Yes"}, 1)])
def test_consent(
    ga4: Ga4, metrica: Metrica, function: Load, said: dict[str, str], sent: int
) -> None:
    """Where a field says whether the visitor agreed, nothing is sent unless it does."""
    function(CONVERSIONS_CONSENT="extra.agreed").push(now("lead.quiz", extra=said))
    assert (sent, sent) == (len(ga4.events), len(metrica.lines))


def test_nothing_personal_is_sent_or_logged(
    ga4: Ga4, metrica: Metrica, function: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    """No service gets a phone, a name or an address, and no log line has them or a secret."""
    lead = now("lead.quiz", visitor={"phone": "+79000000000", "name": "Анна", "ip": "192.0.2.10"})
    answers = ""
    for status in (503, 403, 400, 200):
        metrica.faults[:] = [Fault("/upload", Reply(status, HTML))] if status != 200 else []
        answers += function().push(lead)[1]
    sent = b"".join(one.body for one in (*ga4.requests, *metrica.requests)).decode()
    printed = "".join(capfd.readouterr()) + answers
    personal = ("9000000000", "Анна", "192.0.2.10")
    assert [] == [one for one in personal if one in sent + printed]
    assert [] == [one for one in (TOKEN, SECRET) if one in printed]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONVERSIONS_CONSENT", ""),
        ("CONVERSIONS_CONSENT", "denied"),
        ("CONVERSIONS_TABLE", "{}"),
        ("CONVERSIONS_TABLE", '[{"type": "call.*"}]'),
        ("CONVERSIONS_TABLE", '[{"type": "call.*", "goal": "звонок"}]'),
        ("CONVERSIONS_TABLE", '[{"type": "call.*", "goal": "x", "currency": "₽"}]'),
        ("CONVERSIONS_TABLE", '[{"type": "call.*", "goal": "x", "value": "much"}]'),
        ("GA4_MEASUREMENT_ID", "UA-1"),
        ("GA4_API_SECRET", ""),
        ("METRICA_COUNTER", "mine"),
        ("METRICA_TOKEN", ""),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(
    function: Load, name: str, value: str
) -> None:
    """The start ends with a line that names the setting and does not quote a secret."""
    with pytest.raises(SystemExit, match=name) as caught:
        function(**{name: value})
    assert TOKEN not in str(caught.value)


def test_no_service(function: Load) -> None:
    """Without either service there is nothing to do: the start says so."""
    with pytest.raises(SystemExit, match="METRICA_COUNTER"):
        function(GA4_MEASUREMENT_ID="", METRICA_COUNTER="")


def check(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> int:
    """Run the check as a program; return its exit status."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "conversions" / "check.py"), run_name="__main__")
    return int(ended.value.code or 0)


def test_check(
    ga4: Ga4,
    metrica: Metrica,
    function: Load,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The check tells what GA4 makes of each row, and what became of Metrica's uploads."""
    function().push(now("lead.quiz"))
    counted = len(ga4.events)
    for _ in range(3):
        assert 0 == check(monkeypatch, environ)
    printed = capsys.readouterr().out
    assert "GA4, envybox_call: valid" in printed
    assert "PROCESSED" in printed
    assert counted == len(ga4.events)
    metrica.uploads[0]["status"] = "LINKAGE_FAILURE"
    assert 1 == check(monkeypatch, environ)
    invalid = {"validationMessages": [{"validationCode": "NAME_INVALID", "description": "no"}]}
    ga4.faults.append(Fault("/debug/mp/collect", Reply(200, invalid)))
    assert 1 == check(monkeypatch, environ)
    assert 1 == check(monkeypatch, {**environ, "METRICA_TOKEN": "wrong"})
