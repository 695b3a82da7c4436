from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.ports.publish import Message
from envybox.receiver import spool
from envybox.webhook import Fields, Webhook
from tests.samples import HELP_PAGE, NOON, webhook_of

# A high surrogate right before a low one would come back as the character they spell; no
# body can hold such two apart.
SURROGATES = st.text("\ud800x\\é") | st.text("\udc00x\\é")


def spooled(**changes: Any) -> bytes:
    """Return a spool message's data, with changes; None takes a member away."""
    members = {
        "spool_version": 1,
        "account": "shop",
        "received_at": "2026-11-22T12:00:00.123456Z",
        "fields": [["a", "1"], ["a", "2"]],
    } | changes
    return json.dumps({name: item for name, item in members.items() if item is not None}).encode()


def decode(data: bytes) -> Webhook:
    """Return the webhook of a message's data."""
    return spool.decode(Message(data=data, attributes={}))


def envelope(**message: Any) -> bytes:
    """Return a push request of Pub/Sub, as its documentation shows one."""
    head = {"messageId": "136969346945", "message_id": "136969346945", "orderingKey": ""}
    return json.dumps(
        {
            "message": head | {"publishTime": "2026-11-22T12:00:00.000Z"} | message,
            "subscription": "projects/example/subscriptions/envybox-spool",
            "deliveryAttempt": 5,
        }
    ).encode()


# encode and decode


def test_format() -> None:
    """A message is JSON that an operator can read: account, time of receipt, fields in order."""
    fields = [("имя", "Иван"), ("a", ""), ("a", "\n")]
    webhook = webhook_of(fields, account="shop")
    warnings = (FieldWarning("имя", "not UTF-8"),)
    message = spool.encode(msgspec.structs.replace(webhook, warnings=warnings))
    assert {
        "spool_version": 1,
        "account": "shop",
        "received_at": "2026-11-22T12:00:00.123456Z",
        "fields": [["имя", "Иван"], ["a", ""], ["a", "\n"]],
        "warnings": [{"field": "имя", "reason": "not UTF-8"}],
    } == json.loads(message.data)
    assert "Иван".encode() in message.data
    assert ({"account": "shop"}, "") == (message.attributes, message.ordering_key)


@given(
    st.text(min_size=1),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.tuples(st.text() | SURROGATES, st.text() | SURROGATES)),
    st.lists(st.tuples(st.text(), st.text())),
)
@example("shop", NOON, HELP_PAGE, [])
@example("shop", NOON, [("a", "\ud800")], [("a", "not UTF-8")])
def test_round_trip(
    account: str, received_at: datetime, fields: Fields, warnings: list[tuple[str, str]]
) -> None:
    """What is spooled comes back whole: whose it is, when it came, any fields, any warnings."""
    webhook = webhook_of(fields, account=account, received_at=received_at)
    told = tuple(FieldWarning(*warning) for warning in warnings)
    webhook = msgspec.structs.replace(webhook, warnings=told)
    assert webhook == spool.decode(spool.encode(webhook))


def test_a_warning_about_a_name_that_is_no_text() -> None:
    """A lone surrogate in the name that a warning tells keeps no webhook out of the spool."""
    webhook = webhook_of([("a\ud800", "1")])
    webhook = msgspec.structs.replace(webhook, warnings=(FieldWarning("a\ud800", "x"),))
    assert (FieldWarning("a\ufffd", "x"),) == spool.decode(spool.encode(webhook)).warnings


def test_decode() -> None:
    """A message that was written by hand, or before there were warnings in it, is read, too."""
    assert webhook_of([("a", "1"), ("a", "2")], account="shop") == decode(spooled())


def test_offset() -> None:
    """A time with another offset is the same time in UTC."""
    webhook = decode(spooled(received_at="2026-11-22T15:00:00.123456+03:00"))
    assert (NOON, timedelta(0)) == (webhook.received_at, webhook.received_at.utcoffset())


def test_newer_members() -> None:
    """Members that a later release may add are let through."""
    assert webhook_of([("a", "1"), ("a", "2")], account="shop") == decode(spooled(more=[1]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"hello",
        b"\xff",
        spooled()[:-1],
        spooled(spool_version=None),
        spooled(spool_version=2),
        spooled(spool_version="1"),
        spooled(account=None),
        spooled(account=1),
        spooled(account="\ud800"),
        spooled(received_at=None),
        spooled(received_at="yesterday"),
        spooled(received_at="2026-11-22T12:00:00"),
        spooled(received_at="0001-01-01T00:00:00+14:00"),
        spooled(received_at="9999-12-31T23:59:59-14:00"),
        spooled(received_at=1),
        spooled(fields=None),
        spooled(fields={}),
        spooled(fields=[["a"]]),
        spooled(fields=[["a", "b", "c"]]),
        spooled(fields=[["a", 1]]),
        spooled(fields=[["a", None]]),
        spooled(fields=["ab"]),
        spooled(fields=[["\ud800", 1]]),
        spooled(fields="[]"),
        spooled().replace(b'"fields": ', b'"fields": ' + b"[" * 100_000),
        spooled().replace(
            b'"fields": ', b'"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "fields": '
        ),
    ],
)
def test_decode_refuses(data: bytes) -> None:
    """What is no spooled webhook, and never will be, is told from what may yet be taken."""
    with pytest.raises(Malformed):
        decode(data)


@given(st.binary())
def test_decode_any_bytes(data: bytes) -> None:
    """Any bytes that were no webhook are `Malformed`."""
    with pytest.raises(Malformed):
        decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=5,
)
MEMBERS = ["spool_version", "account", "received_at", "fields"]


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, min_size=1))
def test_decode_any_members(changes: dict[str, Any]) -> None:
    """Whatever a member holds, it gives a webhook whose time is in UTC, or `Malformed`."""
    try:
        webhook = decode(spooled(**changes))
    except Malformed:
        return
    assert webhook.received_at.tzinfo is UTC
    assert [] == [pair for pair in webhook.fields if [str, str] != [type(text) for text in pair]]


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_decode_any_time(moment: datetime, minutes: int) -> None:
    """Any time with an offset is that time in UTC, if there is one."""
    text = moment.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()
    try:
        expected = datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        with pytest.raises(Malformed):
            decode(spooled(received_at=text))
    else:
        assert expected == decode(spooled(received_at=text)).received_at


# open_envelope


@given(st.binary(), st.dictionaries(st.text(), st.text()))
def test_envelope(data: bytes, attributes: dict[str, str]) -> None:
    """A push request gives back the message that was published."""
    body = envelope(data=base64.b64encode(data).decode(), attributes=attributes)
    assert Message(data=data, attributes=attributes) == spool.open_envelope(body)


@pytest.mark.parametrize("message", [{}, {"data": ""}, {"attributes": {}}])
def test_empty_envelope(message: dict[str, Any]) -> None:
    """What Pub/Sub leaves out is empty."""
    assert Message(data=b"", attributes={}) == spool.open_envelope(envelope(**message))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"message":null}',
        b'{"message":"a"}',
        b'{"message":{"data":1}}',
        b'{"message":{"data":"%"}}',
        b'{"message":{"data":"YQ"}}',
        b'{"message":{"data":"YQ==\\n"}}',
        b'{"message":{"attributes":[]}}',
        b'{"message":{"attributes":{"a":1}}}',
        '{"message":{"data":"ы"}}'.encode(),
        b'{"message":' + b"[" * 100_000,
        b'{"message":{},"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_envelope_refuses(body: bytes) -> None:
    """What is no push request is refused."""
    with pytest.raises(Malformed, match="not a Pub/Sub push request"):
        spool.open_envelope(body)


@given(st.binary() | JSON.map(lambda value: json.dumps({"message": value}).encode()))
def test_envelope_any_body(body: bytes) -> None:
    """Any body gives a message or `Malformed`."""
    try:
        message = spool.open_envelope(body)
    except Malformed:
        return
    assert {} == {name: text for name, text in message.attributes.items() if type(text) is not str}


# dead_letter


def test_dead_letter() -> None:
    """A dead letter is the message as it was, with a reason."""
    dead = spool.dead_letter(Message(data=b"junk", attributes={"a": "b"}), "why")
    assert Message(data=b"junk", attributes={"a": "b", "reason": "why"}) == dead


def test_dead_letter_with_many_attributes() -> None:
    """A dead letter keeps to Pub/Sub's limits, whatever the message came with."""
    many = {"googclient_x": "y", **{f"a{number}": "b" for number in range(100)}}
    dead = spool.dead_letter(Message(data=b"junk", attributes=many), "why")
    assert {"reason", *(f"a{number}" for number in range(99))} == set(dead.attributes)
