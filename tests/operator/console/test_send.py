from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from tests.operator.console.support import CALL, FORM, Client, Store
from tests.operator.support import serving


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key to send with."""
    monkeypatch.setenv("ENVYBOX_KEY", "the-key-to-send-with")
    return "the-key-to-send-with"


def _form(page: str) -> dict[str, str]:
    names = re.findall(r'name="name" value="([^"]*)"', page)
    written = r'name="value" value="([^"]*)"|<textarea name="value"[^>]*>\n(.*?)</textarea>'
    values = re.findall(written, page, re.DOTALL)
    return dict(zip(names, (html.unescape(a or b) for a, b in values), strict=True))


def test_a_sample_is_sent(store: Store, key: str) -> None:
    """A sample's fields stand in a form, and go to the receiver as Envybox would send them."""
    with serving() as receiver:
        receiver.answer = json.dumps({"status": "published", "id": "0" * 32}).encode()
        client = store.client(receiver=receiver.url)
        fields = _form(client.get("/send?type=lead.quiz").text)
        assert "19" == fields["webhooktype"]
        pairs = {"name": [*fields], "value": [*fields.values()]}
        page = client.post("/send", data=pairs).text
    assert "[200] published" in page
    assert f'href="/events/{"0" * 32}"' in page
    sent = dict(parse_qsl(receiver.bodies[0].decode(), keep_blank_values=True))
    fields.pop("")
    assert {**fields, "key": key} == sent
    assert key not in page


def test_a_call_is_sent_whole(store: Store) -> None:
    """A call goes as it happens: it starts, what came of it, its result."""
    with serving() as receiver:
        page = store.client(receiver=receiver.url).post("/send", data={"story": "1"}).text
    kinds = [dict(parse_qsl(body.decode()))["webhooktype"] for body in receiver.bodies]
    assert ["7", "2", "1"] == kinds
    assert 3 == page.count('role="status"')


def test_an_event_is_edited(store: Store) -> None:
    """A stored event's fields stand in the form as they came, line breaks and quotes too."""
    event = store.add(FORM | {"message": 'Первая "строка"\nвторая'})
    fields = _form(store.client(receiver="http://localhost:1/").get(f"/send?from={event}").text)
    assert 'Первая "строка"\nвторая' == fields["message"]


def test_a_receiver_that_is_not_there(store: Store) -> None:
    """Where nobody answers, the page says so, and the fields are still there."""
    client = store.client(receiver="http://localhost:1/")
    page = client.post("/send", data={"name": ["phone"], "value": ["79000000000"]}).text
    assert "[---]" in page
    assert "79000000000" == _form(page)["phone"]


def test_without_a_key(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a key to send with, the page says where one comes from."""
    monkeypatch.delenv("ENVYBOX_KEY")
    monkeypatch.chdir(tmp_path)
    page = store.client(receiver="http://localhost:1/").post("/send", data={"story": "1"}).text
    assert "export ENVYBOX_KEY=" in page


@pytest.mark.parametrize("query", ["from=" + "0" * 32, "type=no.such"])
def test_nothing_to_send(store: Store, query: str) -> None:
    """A sample or an event that is none is told."""
    client = store.client(receiver="http://localhost:1/")
    assert 404 == client.get(f"/send?{query}").status_code


@pytest.mark.parametrize("settings", [{}, {"receiver": "http://localhost:1/", "deployed": True}])
def test_no_sending_to_a_project(store: Store, settings: dict[str, object]) -> None:
    """Where visitors are real, or no receiver is known, there is nothing that sends."""
    event = store.add(CALL)
    client = store.client(**settings)
    assert 404 == client.get("/send").status_code
    assert 404 == client.post("/send").status_code
    assert "/send" not in client.get(f"/events/{event}").text


def test_a_client_has_no_key_to_look_at(client: Client) -> None:
    """No page of the console has the key that it sends with."""
    assert "the-key-to-send-with" not in client.get("/events").text
