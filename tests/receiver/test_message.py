from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox import event as events
from envybox.receiver.message import MAX_BYTES, of_event
from envybox.webhook import Fields
from tests.samples import HELP_PAGE, SAMPLES, event_of

NAMES = ["webhooktype", "call_id", "chat_id", "visitor_id", "site", "call_state", "called_at", "x"]


def attributes(**fields: str) -> dict[str, str]:
    """Return the attributes of the message of these fields."""
    return of_event(event_of(list(fields.items()))).attributes


def test_help_page() -> None:
    """The help page's example becomes this message."""
    event = event_of(HELP_PAGE, account="shop")
    message = of_event(event)
    assert {
        "event_id": event.id,
        "type": "call.result",
        "webhooktype": "1",
        "account": "shop",
        "site": "somedomain.com",
        "call_state": "callback_ordered",
        "schema_version": "1",
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-type": "io.envybox.call.result.v1",
        "ce-source": "//envybox/shop/somedomain.com",
        "ce-time": "2026-11-22T12:00:00.123456Z",
        "ce-subject": "call/6002540",
        "content-type": "application/json",
    } == message.attributes
    assert message.ordering_key == "6002540"


@pytest.mark.parametrize("title", SAMPLES)
def test_data(title: str) -> None:
    """The data is the event as JSON in UTF-8, with Russian text readable."""
    event = event_of(SAMPLES[title])
    data = of_event(event).data
    assert events.encode(event) == data
    assert json.loads(data)["id"] == event.id
    assert "\\u0" not in data.decode()


def test_empty() -> None:
    """What a webhook does not tell is left out: there are no empty attributes."""
    message = of_event(event_of([]))
    assert {
        "event_id",
        "type",
        "account",
        "schema_version",
        "ce-specversion",
        "ce-id",
        "ce-type",
        "ce-source",
        "ce-time",
        "content-type",
    } == message.attributes.keys()
    assert ("unknown", "io.envybox.unknown.v1", "//envybox/default", "") == (
        message.attributes["type"],
        message.attributes["ce-type"],
        message.attributes["ce-source"],
        message.ordering_key,
    )


def test_unknown_webhooktype() -> None:
    """A webhooktype that is new is told, for subscribers who know it; so is 0."""
    assert ("77", "unknown") == (
        attributes(webhooktype="77")["webhooktype"],
        attributes(webhooktype="77")["type"],
    )
    assert attributes(webhooktype="0")["webhooktype"] == "0"


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"call_id": "1", "chat_id": "2", "visitor_id": "3"}, "call/1"),
        ({"call_id": "", "chat_id": "2", "visitor_id": "3"}, "chat/2"),
        ({"call_state": "Заказ звонка", "visitor_id": "3"}, "visitor/3"),
        ({"call_state": "x", "message": "x", "visitor_id": "3"}, "visitor/3"),
        ({"call_state": "x", "message": "x"}, None),
    ],
)
def test_subject(fields: dict[str, str], subject: str | None) -> None:
    """A message is about the call, else the chat, else the visitor; so it is ordered."""
    message = of_event(event_of(list(fields.items())))
    assert subject == message.attributes.get("ce-subject")
    assert message.ordering_key == (subject or "/").partition("/")[2]


def test_time() -> None:
    """The time is that of what happened, where that is known, in UTC."""
    assert attributes(called_at="2021-03-02 10:36:14")["ce-time"] == "2021-03-02T07:36:14Z"
    assert attributes(created_at="2024-01-12 18:37:41")["ce-time"] == "2024-01-12T15:37:41Z"
    received_at = datetime(2026, 1, 1, tzinfo=UTC)
    message = of_event(event_of([], received_at=received_at))
    assert message.attributes["ce-time"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        (" Пример.РФ ", "xn--e1afmkfd.xn--p1ai"),
        ("магазин.example.com", "xn--80aairftm.example.com"),
        ("example.com", "example.com"),
        ("Example.com/a b?c=%41", "Example.com/a b?c=%41"),
        ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
        ("пример..рф", "%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80..%D1%80%D1%84"),
        ("рф/a b%", "%D1%80%D1%84/a%20b%25"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_site(site: str, expected: str) -> None:
    """A site's attribute is ASCII: its IDNA form, or what is no host percent-encoded."""
    assert expected == attributes(site=site)["site"]


def test_source_is_a_uri() -> None:
    """The account is percent-encoded in the source, the site in its IDNA form where it has one."""
    message = of_event(event_of([("site", "пример.рф")], account="магазин 1"))
    account = "%D0%BC%D0%B0%D0%B3%D0%B0%D0%B7%D0%B8%D0%BD%201"
    assert f"//envybox/{account}/xn--e1afmkfd.xn--p1ai" == message.attributes["ce-source"]
    assert account == message.attributes["account"]
    assert "//envybox/default/%D1%8F/a%20b%3Fc%23d" == attributes(site="я/a b?c#d")["ce-source"]


@pytest.mark.parametrize("nothing", ["0", "000", " 0 ", "null", "undefined", "false", "-", "NULL"])
def test_ids_that_are_none(nothing: str) -> None:
    """What is no id is no subject and orders nothing."""
    fields = {"call_id": nothing, "chat_id": nothing}
    message = of_event(event_of([*fields.items(), ("visitor_id", nothing)]))
    assert (None, "") == (message.attributes.get("ce-subject"), message.ordering_key)
    message = of_event(event_of([*fields.items(), ("visitor_id", "3")]))
    assert ("visitor/3", "3") == (message.attributes["ce-subject"], message.ordering_key)


@pytest.mark.parametrize("length", [84, 85, 86, 255, 256, 257, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("letter", ["a", "ё", "€", "😀"])
def test_cut(letter: str, length: int) -> None:
    """What is longer than Pub/Sub's limit is cut to it, between characters; the rest is whole."""
    text = letter * length
    message = of_event(event_of([("site", f"{text}/"), ("visitor_id", text)]))
    size = len(letter.encode())
    assert letter * min(length, MAX_BYTES // size) == message.ordering_key
    encoded = len(quote(letter))
    assert letter * min(length, MAX_BYTES // encoded) == unquote(
        message.attributes["site"], errors="strict"
    ).removesuffix("/")


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.text())).map(dict),
    st.text("аб. -", min_size=1, max_size=64),
    st.sampled_from([1, 100, 5000]),
)
@example({"site": "ё"}, "a", 340)
@example({"site": "ё"}, "ab", 340)
@example({"site": "ё"}, "abc", 340)
def test_limits(fields: dict[str, str], account: str, times: int) -> None:
    """Whatever a webhook holds, its message keeps Pub/Sub's limits and CloudEvents' forms."""
    long: Fields = [(name, text * times) for name, text in fields.items()]
    message = of_event(event_of(long, account=account))
    assert len(message.attributes) <= 100
    for name, text in message.attributes.items():
        assert re.fullmatch(r"(?!goog)[a-z_-]{1,256}", name)
        assert 1 <= len(text) <= MAX_BYTES
        assert re.fullmatch("[ -~]+", text)
    assert len(message.ordering_key.encode()) <= MAX_BYTES
    assert re.fullmatch(
        r"//envybox(/([A-Za-z0-9._~-]|%[0-9A-F]{2})*)+", message.attributes["ce-source"]
    )
    assert json.loads(message.data)["id"] == message.attributes["event_id"]
