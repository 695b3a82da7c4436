from __future__ import annotations

import re

import pytest

from tests.operator.console.support import CALL, FORM, Client, Store

CHAT = {"webhooktype": "12", "chat_id": "7000005", "visitor_id": "100000001", "name": "Анна",
    "phone": "79000000005", "link": "http://chat.example.com/1", "chat_text":
    "[Анна, 20.11.2026 в 12:01]\n Здравствуйте!\n[Автоответ, 20.11.2026 в 12:01]\n Сейчас.\n"
    "[Менеджер Иван, 20.11.2026 в 12:03]\n Да, есть.\n"
    "[Системное сообщение, 20.11.2026 в 12:10]\n Чат завершён"}  # fmt: skip


def test_a_call(store: Store, client: Client) -> None:
    """A call's page tells how it went, who answered, how long, and where he came from."""
    store.add(CALL | {"webhooktype": "7", "call_state": "", "utm_source": "yandex"}, ago=90)
    store.add(CALL)
    page = client.get("/call?id=9000001").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Call started" in text
    assert "Answered by Иван Примеров" in text
    assert "Talk 1:05" in text
    assert "+90 s" in text
    assert "Waited 2" in text
    assert "utm_source yandex" in text
    assert "ru.example.com /play/1/" in text
    assert 'href="/visitor?id=100000001&amp;account=default"' in page


def test_a_chat(store: Store, client: Client) -> None:
    """A chat's page has what was said, on the side of who said it."""
    store.add(CHAT | {"message": "Из формы"})
    page = client.get("/chat?id=7000005").text
    sides = re.findall(r'<li class="(\w+(?: auto)?)"><p>', page)
    assert ["visitor", "visitor", "manager auto", "manager", "system"] == sides
    assert "Здравствуйте!" in page


def test_a_chat_without_text(store: Store, client: Client) -> None:
    """A chat that came without a transcript says so."""
    store.add({"webhooktype": "12", "chat_id": "7", "link": "http://chat.example.com/1"})
    assert "No text came" in client.get("/chat?id=7").text


def test_a_visitor(store: Store, client: Client) -> None:
    """A visitor's page has his calls, chats and forms, and when he became a lead."""
    store.add({"webhooktype": "4", "visitor_id": "100000001"}, ago=900)
    store.add(CALL, ago=600)
    store.add(CHAT)
    page = client.get("/visitor?id=100000001").text
    assert 'href="/call?id=9000001&amp;account=default"' in page
    assert 'href="/chat?id=7000005&amp;account=default"' in page
    assert "Contact given" in page
    store.add({"webhooktype": "4", "visitor_id": "5"})
    assert "Contact given" not in client.get("/visitor?id=5").text


@pytest.mark.parametrize("url", ["/call.json?id=9000001", "/visitor.json?id=100000001"])
def test_a_story_has_a_twin(store: Store, client: Client, url: str) -> None:
    """A story's URL with `.json` gives what subscribers are told of it."""
    event = store.add(CALL)
    assert [event] == [moment["event_id"] for moment in client.get(url).json()["moments"]]


def test_another_account_is_another_story(store: Store, client: Client) -> None:
    """The same id under another key is another call."""
    store.add(FORM)
    store.add(CALL)
    assert 404 == client.get("/call?id=9000001&account=other").status_code
    assert 200 == client.get("/call?id=9000001&account=default").status_code
