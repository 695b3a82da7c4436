from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.operator import webhooks
from envybox.receiver.request import read_fields
from envybox.types import TYPES
from tests.operator.support import Server, objects, run, serving
from tests.operator.worlds import World, an_event
from tests.samples import KEY


def _received(server: Server) -> list[list[tuple[str, str]]]:
    """Return the fields of what was sent, as the receiver reads them."""
    return [
        read_fields(body, headers["content-type"])[0]
        for body, headers in zip(server.bodies, server.headers, strict=True)
    ]


def test_a_call(local: World) -> None:
    """Without more a call is told as it happens: it starts, they talk, its result; it is new."""
    assert local.is_local
    with serving() as server:
        server.answer = b'{"status": "published", "id": "abc"}'
        for _ in range(2):
            result = run("send", "--url", server.url)
    calls = [dict(fields) for fields in _received(server)]
    assert ["7", "2", "1"] * 2 == [fields["webhooktype"] for fields in calls]
    assert [1, 1] == [len({f["call_id"] for f in calls[n : n + 3]}) for n in (0, 3)]
    assert 2 == len({fields["call_id"] for fields in calls})
    assert {KEY} == {fields["key"] for fields in calls}
    assert "[200] call.started   published  abc" in result.stdout


@pytest.mark.parametrize("multipart", [(), ("--multipart",)])
def test_each_type(local: World, multipart: tuple[str, ...]) -> None:
    """A webhook of each type is known, as a form and as multipart; the answer can be an object."""
    assert local.is_local
    types = [row.type for row in TYPES]
    with serving() as server:
        server.answer = b'{"status": "published", "id": "abc"}'
        result = run("send", *types, "--url", server.url, "--json", *multipart)
    told = objects(result)
    assert types == [one["type"] for one in told]
    assert {(200, "published", "abc")} == {
        (one["http_status"], one["status"], one["id"]) for one in told
    }
    assert len(types) == len(_received(server))


def test_changes(local: World) -> None:
    """Fields are changed or added; so many are sent, no faster than is said."""
    assert local.is_local
    with serving() as server:
        arguments = ("--set", "phone=79000000009", "--set", "more=a=b", "--count", "2")
        run("send", "call.result", "--url", server.url, "--rate", "1000", *arguments)
    for fields in _received(server):
        assert ("79000000009", "a=b") == (dict(fields)["phone"], dict(fields)["more"])
    assert 2 == len(server.bodies)


def test_from_a_stored_event(world: World) -> None:
    """What a stored event was received as is sent again, without a key of its own."""
    event, fields = an_event()
    world.put((event, fields))
    with serving() as server:
        run("send", "--from", event.id, "--url", server.url)
    assert [[*fields, ("key", KEY)]] == _received(server)


def test_from_a_file(local: World, tmp_path: Path) -> None:
    """What `event --raw` wrote is sent again, as often as is wanted; an object is taken too."""
    event, fields = an_event()
    local.put((event, fields))
    file = tmp_path / "fields.json"
    file.write_text(run("event", event.id, "--raw").stdout)
    with serving() as server:
        run("send", "--file", str(file), "--url", server.url, "--count", "2")
        assert [[*fields, ("key", KEY)]] * 2 == _received(server)
        file.write_text('{"phone": "79000000000", "key": "another"}')
        run("send", "--file", str(file), "--url", server.url)
        assert [("phone", "79000000000"), ("key", KEY)] == _received(server)[-1]


def test_edited(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the editor gave back is sent; where nothing was saved, nothing is."""
    assert local.is_local
    edited: Any = '[["webhooktype", "1"], ["name", "Анна"]]'
    monkeypatch.setattr(click, "edit", lambda *_, **__: edited)
    with serving() as server:
        run("send", "call.result", "--edit", "--url", server.url)
        assert [("webhooktype", "1"), ("name", "Анна"), ("key", KEY)] == _received(server)[0]
        edited = None
        assert "Not saved" in run("send", "--edit", "--url", server.url, status=1).stderr
        edited = "{"
        assert "no list of fields" in run("send", "--edit", "--url", server.url, status=1).stderr
    assert 1 == len(server.bodies)


def test_refused(local: World) -> None:
    """An answer that is no 2xx is status 1, and says what the receiver said."""
    assert local.is_local
    with serving() as server:
        server.status, server.answer = 403, b'{"error": "invalid_key"}'
        result = run("send", "call.result", "--url", server.url, status=1)
        assert "[403] call.result    invalid_key" in result.stdout
        server.status, server.answer = 200, b"<html>"
        assert "not this receiver's answer" in run("send", "--url", server.url).stdout
    result = run("send", "call.result", "--url", "http://127.0.0.1:9/", status=1)
    assert "[---]" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("call.result", "--from", "0" * 32),
        ("nonsense",),
        ("--set", "phone"),
        ("--set", "=x"),
        ("--from", "0" * 32),
        ("--url", "localhost"),
    ],
)
def test_wrong_usage(local: World, arguments: tuple[str, ...]) -> None:
    """What cannot be sent is refused with an example."""
    local.put(an_event())
    assert "Example: envybox send" in run("send", *arguments, status=2).stderr


@pytest.mark.parametrize("text", ["x", "[1]", '[["a", 1]]', '{"a": null}', "7", "[" * 100_000])
def test_files_that_are_none(local: World, tmp_path: Path, text: str) -> None:
    """A file that is no list of fields is refused."""
    assert local.is_local
    file = tmp_path / "fields.json"
    file.write_text(text)
    assert "pairs of text" in run("send", "--file", str(file), status=2).stderr


def test_keys(local: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key is the variable's, else the settings', else that of `make run`."""
    assert local.is_local
    with serving() as server:
        monkeypatch.setenv("ENVYBOX_KEY", "a" * 32)
        run("send", "call.result", "--url", server.url)
        monkeypatch.delenv("ENVYBOX_KEY")
        run("send", "call.result", "--url", server.url)
        monkeypatch.delenv("ENVYBOX_KEYS")
        (tmp_path / "envybox.key").write_text("b" * 32)
        run("send", "call.result", "--url", server.url)
        (tmp_path / "envybox.key").unlink()
        assert "no key to send with" in run("send", "--url", server.url, status=1).stderr
    assert ["a" * 32, KEY, "b" * 32] == [dict(one)["key"] for one in _received(server)]


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters='\r\n"%&;'), min_size=1),
            st.text(st.characters(codec="utf-8")),
        ).filter(lambda pair: pair[0].strip(" []") == pair[0] and "[" not in pair[0]),
        max_size=5,
    )
)
def test_forms_hold_any_text(fields: list[tuple[str, str]]) -> None:
    """Whatever the fields, the receiver reads from a form what was put into it."""
    fields = [pair for pair in fields if pair[0] != "key" and "\x00" not in pair[0]]
    body = webhooks.form(fields)
    read = read_fields(body, "application/x-www-form-urlencoded")[0]
    assert [value for _, value in fields] == [value for _, value in read]
