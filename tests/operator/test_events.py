from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.operator.options import moment
from envybox.operator.safe import cell, plain
from tests.gateway import deployment
from tests.gateway.proxy import guarding
from tests.gateway.roles import PERMITTED
from tests.gateway.support import OPERATOR, VIEWER
from tests.operator.support import objects, run, serving
from tests.operator.worlds import World, an_event, ids, next_project

HOSTILE = "\x1b]0;title\x07\u202eОлег\nline\u2028\x00\x7f"


def test_lines(world: World) -> None:
    """Events come a line each, the newest first; where they are is told first, apart from them."""
    first, second = an_event(), an_event(seconds=60, phone="нет")
    world.put(first, second)
    result = run("events")
    top, below = result.stdout.splitlines()
    assert top.startswith("2026-11-22 09:47:00  call.result")
    assert top.endswith("1 warning")
    for text in ("callback_ordered", "call 6002540", "somedomain.com", "+79998887766"):
        assert text in below
    assert below.endswith(first[0].id)
    where = "embedded: " if world.is_local else "emulators: "
    assert result.stderr.splitlines()[0].startswith(where)


def test_json(world: World) -> None:
    """One object a line has all that is stored."""
    event, fields = an_event(name="Анна")
    world.put((event, fields))
    [found] = objects(run("events", "--json"))
    assert event.id == found["id"]
    assert "Анна" == found["visitor"]["name"]
    assert [list(pair) for pair in fields] == found["raw"]
    assert ("published", 1) == (found["publish"]["state"], found["normalizer"])


def test_a_surrogate_in_raw(local: World) -> None:
    """Half a character, which UTF-8 cannot hold, is an escape in JSON."""
    event, _ = an_event()
    local.put((event, [("name", "\ud800")]))
    assert "\\ud800" in run("events", "--json").stdout
    assert "<U+D800>" in run("event", event.id).stdout


def test_filters(world: World) -> None:
    """Options choose; a phone is understood in any spelling, one that is none as it was sent."""
    one = an_event(phone="8 (900) 000-00-01")
    odd = an_event(phone="8900 или 8901", seconds=1)
    world.put(an_event(), one, odd)
    assert one[0].id in run("events", "--phone", "+7 900 000 00 01").stdout
    assert [odd[0].id] == [e["id"] for e in objects(run("events", "--warnings", "--json"))]
    assert [odd[0].id] == [
        e["id"] for e in objects(run("events", "--phone", "8900 или 8901", "--json"))
    ]
    nothing = run("events", "--since", "2030-01-01")
    assert ("", True) == (nothing.stdout, "No event." in nothing.stderr)
    run("events", "--until", "2020-01-01T00:00", "--fail-empty", status=1)


def test_pending_lines(world: World) -> None:
    """What is pending says so, and how often it was tried."""
    world.put(an_event(), published=False)
    assert run("events", "--pending").stdout.rstrip().endswith("pending")
    tried = an_event(seconds=1)
    world.put(tried, published=False)

    async def fail(store: object, _publisher: object) -> None:
        from envybox.ports.store import Mark
        from tests.operator.worlds import NOW

        await store.mark(Mark(event_id=tried[0].id, message_id=None, at=NOW), timeout=5)  # type: ignore[attr-defined]

    world.run(fail)
    assert "pending after 1 attempts" in run("events", "--pending").stdout


def test_going_on(world: World) -> None:
    """A list that did not end says how to go on."""
    events = [an_event(seconds=n) for n in range(3)]
    world.put(*events)
    result = run("events", "--limit", "2", "--json")
    cursor = result.stderr.split("--cursor ")[1].strip()
    rest = run("events", "--limit", "2", "--json", "--cursor", cursor)
    assert ids(reversed(events)) == [e["id"] for e in objects(result) + objects(rest)]
    assert "more" not in rest.stderr
    assert "cursor" in run("events", "--cursor", "?", status=2).stderr


def test_wrong_usage(local: World) -> None:
    """What cannot be understood is told with an example, and status 2."""
    result = run("events", "--since", "gestern", status=2)
    assert "takes `2026-11-22`" in result.stderr
    assert "Example: envybox events" in result.stderr
    assert "No such command 'evnts'" in run("evnts", status=2).stderr
    assert local.is_local


def test_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no project is named, what to do is told, and status 1."""
    for name in ("GOOGLE_CLOUD_PROJECT", "ENVYBOX_BACKEND", "FIRESTORE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    assert "--project my-project" in run("events", status=1).stderr
    wrong = run("--project", "NO", "events", status=1)
    assert "GOOGLE_CLOUD_PROJECT: 'NO' cannot be used" in wrong.stderr


def test_a_deployed_project_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line names the project and the database; without credentials the next helps."""
    from google.auth import default, exceptions

    def refuse(*_: object, **__: object) -> None:
        raise exceptions.DefaultCredentialsError("none")

    assert default is not refuse
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("google.auth.default", refuse)
    result = run("--project", "my-project", "--backend", "google", "events", status=1)
    first, second = result.stderr.splitlines()
    assert "project my-project, database (default)" == first
    assert "gcloud auth application-default login" in second


def test_one_whole(world: World) -> None:
    """One event shows what was received, what was made of it, and what could not be."""
    event, fields = an_event(phone="нет", custom_data='{"цвет": ["red"]}')
    world.put((event, fields), expire_at=datetime(2027, 1, 1, tzinfo=UTC))
    text = run("event", event.id).stdout
    assert "published to envybox-call-result, 2026-11-22 09:46:00, message 7, 1 attempt\n" in text
    assert "expires    2027-01-01" in text
    assert "  custom_data.цвет[0] = red" in text
    assert "  phone = нет    ! not a phone number" in text
    [found] = objects(run("event", event.id, "--json"))
    assert event.id == found["id"]
    assert [list(pair) for pair in fields] == json.loads(run("event", event.id, "--raw").stdout)


def test_story_of_a_call(world: World) -> None:
    """A call's events are shown in their order, the one that was asked for among them."""
    start = an_event("a call starts", call_id="5")
    talk = an_event("a call: they talked", seconds=100, call_id="5")
    other = an_event("a call starts", seconds=1, call_id="6")
    world.put(talk, start, other)
    lines = run("event", talk[0].id).stdout.split("All of call 5")[1].splitlines()
    assert "answered by Иван Примеров after 5 s" in lines[0]
    assert [start[0].id, talk[0].id] == [line.split()[-1] for line in lines[1:]]
    assert [" ", ">"] == [line[0] for line in lines[1:]]


def test_story_of_a_chat(local: World) -> None:
    """A chat has a story too; what is alone has none."""
    one, two = (an_event("the end of an online chat", seconds=n, chat_id="5") for n in range(2))
    local.put(one, two, quiz := an_event("the quiz", chat_id=""))
    assert "All of chat 5" in run("event", one[0].id).stdout
    assert "All of" not in run("event", quiz[0].id).stdout


def test_no_such_event(world: World) -> None:
    """An event that is not there is status 1, and what to do."""
    world.put(an_event())
    assert "There is no event 0" in run("event", "0" * 32, status=1).stderr


def test_an_erased_event(local: World) -> None:
    """Of an erased event its head is shown."""
    event, fields = an_event()
    local.put((event, fields))
    local.lookup().erase(event.id, event.received_at)
    text = run("event", event.id).stdout
    assert "erased     2026-11-22 09:46:00" in text
    assert "phone" not in text


def test_raw_that_was_changed(local: World) -> None:
    """Fields that somebody spoiled are shown as the text that they are."""
    event, fields = an_event()
    local.put((event, fields))
    with sqlite3.connect(local.settings.local_path) as db:
        db.execute("UPDATE events SET raw = 'spoiled \x1b'")
    db.close()
    assert "  spoiled ␛" in run("event", event.id).stdout


def test_about_nothing(local: World) -> None:
    """An event of no call, chat or visitor is a line too."""
    event = an_event("the quiz", visitor_id="", call_id="", chat_id="")
    local.put(event)
    shown = run("events").stdout
    assert event[0].id in shown
    assert "visitor" not in shown


def test_a_warning_of_no_field(local: World) -> None:
    """A warning of what was not received as a field is shown below the fields."""
    event, fields = an_event()
    warned = msgspec.structs.replace(event, warnings=[FieldWarning("", "odd\x1b")])
    local.put((warned, fields))
    assert "  ! the event: odd␛" in run("event", event.id).stdout


def test_hostile_text(world: World) -> None:
    """Nothing that was sent moves the cursor, sets a title or turns a line round."""
    event, fields = an_event(
        name=HOSTILE, phone=HOSTILE, site=HOSTILE, call_id=HOSTILE, **{HOSTILE: HOSTILE}
    )
    world.put((event, fields))
    for result in (run("events"), run("event", event.id)):
        for line in result.stdout.split("\n"):
            assert line == plain(line)
        assert "␛]0;title" in result.stdout


@given(st.text())
def test_plain(text: str) -> None:
    """Whatever the text, nothing that is not seen is left in it; made twice it is the same."""
    shown = plain(text)
    assert shown == plain(shown)
    assert not any(
        ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200f\u2028" for c in shown
    )


@given(st.text())
def test_cell(text: str) -> None:
    """No cell begins as a formula does; a phone with its plus stays as it is."""
    guarded = cell(text)
    assert text in (guarded, guarded[1:])
    assert guarded[:1] not in {"=", "-", "@", "\t", "\r"}
    assert "+79000000000" == cell("+79000000000")
    assert "'+7=1" == cell("+7=1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", datetime(2026, 11, 21, 21, tzinfo=UTC)),
        ("2026-11-22T09:00", datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("2026-11-22T09:00Z", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 8, 12, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    """Times are those of the project's zone, or with an offset, or so long ago."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert expected == moment(text, ZoneInfo("Europe/Moscow"), now)


@pytest.mark.parametrize("text", ["", "5", "9999999w", "yesterday", "2026-13-01", "0001-01-01"])
def test_no_moments(text: str) -> None:
    """What is no time is refused, not guessed."""
    with pytest.raises(click.BadParameter, match="is no time"):
        moment(text, ZoneInfo("Europe/Moscow"), datetime(2026, 11, 22, 12, tzinfo=UTC))


def test_time_zone(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are shown in the project's zone."""
    monkeypatch.setenv("ENVYBOX_TIMEZONE", "Asia/Yekaterinburg")
    local.put(an_event(seconds=timedelta(hours=1).total_seconds()))
    assert run("events").stdout.startswith("2026-11-22 12:46:00")


def test_json_is_harmless_too(local: World) -> None:
    """JSON says what came, and holds nothing that a terminal obeys: C1 and bidi are escaped."""
    name = "\x9b31m\u202eОлег\x7f\U000e0001"
    event, _ = put = an_event(name=name)
    local.put(put)
    for arguments in (("events", "--json"), ("event", event.id, "--json")):
        result = run(*arguments)
        assert name == objects(result)[0]["visitor"]["name"]
        assert result.stdout.replace("\n", "").isprintable()
    raw = run("event", event.id, "--raw").stdout
    assert ["name", name] in json.loads(raw)
    assert raw.replace("\n", "").isprintable()


def test_of_no_type(local: World) -> None:
    """An event without a number says so."""
    event, _ = put = an_event([("site", "example.com")])
    local.put(put)
    assert "unknown (no webhooktype)" in run("event", event.id).stdout
    assert None is objects(run("event", event.id, "--json"))[0]["webhooktype"]


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_what_is_no_time_names_its_option(local: World, option: str) -> None:
    """A time that is none is told with the option it stands at."""
    assert local.is_local
    assert f"Invalid value for {option}: 'soon'" in run("events", option, "soon", status=2).stderr


@pytest.mark.emulator
def test_a_viewer(hosts: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may look at the database alone can use what only looks; the rest is refused in words."""
    project = next_project()
    people = {"viewer": VIEWER, "operator": OPERATOR}
    strict = msgspec.structs.replace(deployment.load(project), accounts=people)
    environ = {"ENVYBOX_BACKEND": "google", "GOOGLE_CLOUD_PROJECT": project}
    environ["ENVYBOX_DATABASE"] = strict.database_id
    with guarding(*hosts, strict) as gateways, serving() as server:
        event, fields = an_event()
        World(environ | gateways.doors["operator"], monkeypatch).put((event, fields))
        for name, value in gateways.doors["viewer"].items():
            monkeypatch.setenv(name, value)
        assert [event.id] == [one["id"] for one in objects(run("events", "--json"))]
        for arguments in (
            ("event", event.id),
            ("pending",),
            ("stats",),
            ("export", str(tmp_path / "events.csv")),
            ("replay", event.id, "--to", server.url),
        ):
            run(*arguments)
        refused = run("erase", "--visitor", event.visitor.id or "", "--yes", status=1)
        assert "datastore.entities.update" in refused.stderr
        assert [("Commit", PERMITTED)] == gateways.firestore.refused
