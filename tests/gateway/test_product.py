"""What the receiver makes of any webhook keeps the rules on documents and messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envybox.google import document
from envybox.ports.publish import Message
from envybox.ports.store import Record
from envybox.receiver import message, spool
from envybox.webhook import Fields, encode_raw
from tests.gateway import documents, messages
from tests.gateway.call import Call, Rule
from tests.gateway.proxy import REQUESTS
from tests.gateway.support import PROJECT, STRICT
from tests.samples import SAMPLES, event_of, webhook_of

_names = st.one_of(
    st.sampled_from(
        ["custom_data", "managers_phones", "chat_text", "site", "call_id", "__x__", ""]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.integers(1490, 1510).map("n".__mul__),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=15,
).map(json.dumps)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_long = st.integers(1000, 250_000).map("я".__mul__)
_webhooks = st.lists(st.tuples(_names, st.one_of(_texts, _json, _long)), max_size=12)


def broken(rules: tuple[Rule, ...], method: str, request: Any) -> list[str]:
    """Return the rules that a request breaks."""
    call = Call(method, {}, request, request.ByteSize(), "webhook")
    return [rule.says for rule in rules if rule.check(call, STRICT)]


def broken_by_document(fields: Fields, *, bare: bool = False) -> list[str]:
    """Return the rules that the document of a webhook breaks."""
    event = event_of(fields)
    record = Record(event=event, raw=encode_raw(fields), topic="envybox-unknown")
    request = REQUESTS["BatchWrite"](database=STRICT.database)
    build = document.build_bare if bare else document.build
    name = f"{STRICT.database}/documents/events/{event.id}"
    build(record, name, request.writes.add().update)
    return broken(documents.RULES, "BatchWrite", request)


def broken_by_message(one: Message) -> list[str]:
    """Return the rules that a message breaks."""
    request = REQUESTS["Publish"](topic=f"projects/{PROJECT}/topics/envybox-unknown")
    request.messages.add(data=one.data, attributes=one.attributes, ordering_key=one.ordering_key)
    return broken(messages.RULES, "Publish", request)


@settings(max_examples=150)
@given(_webhooks)
def test_any_webhook(fields: Fields) -> None:
    """Whatever the fields are, no document and no message breaks a rule."""
    assert [] == broken_by_document(fields)
    assert [] == broken_by_document(fields, bare=True)
    assert [] == broken_by_message(message.of_event(event_of(fields)))
    spooled = spool.encode(webhook_of(fields))
    assert [] == broken_by_message(spooled)
    assert [] == broken_by_message(spool.dead_letter(spooled, "a reason"))


@pytest.mark.parametrize(
    "fields",
    [
        *SAMPLES.values(),
        [("custom_data", json.dumps(list(range(19_999))))],
        [("custom_data", json.dumps({f"n{number}": 1 for number in range(19_999)}))],
        *([("custom_data", '{"a":' * depth + "1" + "}" * depth)] for depth in (18, 19, 20, 21, 25)),
        [("managers_phones", json.dumps(["7"] * 25_000))],
        [("chat_text", "[A, 12.01.2024 в 18:36]\n x\n" * 8000)],
        [(f"field{number}", "x") for number in range(999)],
        [("message", "\x01" * 255 * 1024)],
    ],
)
def test_what_comes_near_the_limits(fields: Fields) -> None:
    """Nor do the samples, or what has as many values and as much text as a webhook can have."""
    assert [] == broken_by_document(fields)
    assert [] == broken_by_message(message.of_event(event_of(fields)))
