"""Identity and recovery over HTTP: what is one event, and what is published later."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.backends import Backend
from tests.contract.receiver import KEY, OTHER_KEY, Receiver, serve
from tests.contract.samples import new_call, new_chat, new_lead


@pytest.mark.parametrize("make", [new_call, new_chat, new_lead])
def test_any_order(receiver: Receiver, make: Any) -> None:
    """The same fields in another order are the same event."""
    webhook = make()
    first = receiver.accepted(webhook)
    again = receiver.post(list(reversed(webhook.items()))).json()
    assert {"status": "duplicate", "id": first["id"]} == again


def test_another_value_is_another_event(receiver: Receiver) -> None:
    """A webhook that differs in one field is an event of its own."""
    webhook = new_call()
    first = receiver.accepted(webhook)
    assert first["id"] != receiver.accepted(webhook | {"call_duration": "1"})["id"]


def test_in_parallel(receiver: Receiver) -> None:
    """Thirty of the same webhook at once are one event, published once."""
    webhook = new_lead()
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: receiver.post(webhook).json(), range(30)))
    assert 1 == len({answer["id"] for answer in answers})
    assert 29 == [answer["status"] for answer in answers].count("duplicate")
    receiver.message(answers[0]["id"])  # there is one


def test_windows(backend: Backend) -> None:
    """Without a call's or a chat's id a repeat is a new event once the window is over."""
    lead, call = new_lead(), new_call()
    with serve(backend, ENVYBOX_DEDUP_HOURS="0") as receiver:
        first, second, third = (receiver.accepted(lead)["id"] for _ in range(3))
        assert 3 == len({first, second, third})
        receiver.accepted(call)
        assert "duplicate" == receiver.post(call).json()["status"]


def test_accounts(backend: Backend) -> None:
    """The same webhook of two accounts is two events; two keys may share an account."""
    third_key = "00112233445566778899aabbccddeeff"
    keys = f"a={KEY}, a={OTHER_KEY}\nb={third_key}"
    webhook = new_call()
    with serve(backend, ENVYBOX_KEYS=keys) as receiver:
        first = receiver.accepted(webhook)
        assert "duplicate" == receiver.post(webhook, key=OTHER_KEY).json()["status"]
        other = receiver.accepted(webhook, key=third_key)
    assert ("a", "b") == (first["account"], other["account"])
    assert first["id"] != other["id"]


def test_across_a_restart(backend: Backend) -> None:
    """A repeat after a restart is found as well."""
    webhook = new_lead()
    with serve(backend) as receiver:
        first = receiver.accepted(webhook)["id"]
    with serve(backend) as receiver:
        assert {"status": "duplicate", "id": first} == receiver.post(webhook).json()


def test_retention(backend: Backend) -> None:
    """With a retention a document says when it expires."""
    with serve(backend, ENVYBOX_RETENTION_DAYS="30") as receiver:
        document = receiver.accepted(new_call())
    expire_at, received_at = (
        datetime.fromisoformat(document[name]) for name in ("expire_at", "received_at")
    )
    assert timedelta(days=30) == expire_at - received_at


def _envelope(message: dict[str, Any] | bytes) -> bytes:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    pushed = {"data": base64.b64encode(data).decode(), "messageId": "1", "attributes": {}}
    return json.dumps({"message": pushed, "subscription": "projects/p/subscriptions/s"}).encode()


def _spooled(webhook: dict[str, str], received_at: datetime) -> bytes:
    return _envelope(
        {
            "spool_version": 1,
            "account": "shop",
            "received_at": received_at.isoformat(),
            "fields": [list(pair) for pair in webhook.items()],
        }
    )


def test_drain(receiver: Receiver) -> None:
    """What was spooled is stored and published, with the time it was received at."""
    webhook, received_at = new_lead(), datetime.now(UTC) - timedelta(minutes=10)
    answer = receiver.recover(_spooled(webhook, received_at))
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    document = receiver.published(answer.json()["id"])
    assert received_at == datetime.fromisoformat(document["received_at"])
    receiver.message(document["id"])  # there is one
    assert {"status": "duplicate", "id": document["id"]} == receiver.post(webhook).json()


def test_drain_after_a_retry(receiver: Receiver) -> None:
    """What was spooled and came again before it was drained is one event."""
    webhook = new_lead()
    first = receiver.accepted(webhook)["id"]
    answer = receiver.recover(_spooled(webhook, datetime.now(UTC) - timedelta(minutes=10)))
    assert (200, {"status": "duplicate", "id": first}) == (answer.status_code, answer.json())
    receiver.message(first)  # there is one


def test_poison(receiver: Receiver) -> None:
    """A spool message that can never be taken goes to the dead letters, with its data."""
    poison = new_lead()["visitor_id"].encode()
    answer = receiver.recover(_envelope(poison))
    assert (200, "dead_lettered") == (answer.status_code, answer.json()["status"])
    dead = receiver.backend.messages("envybox-spool-dead")
    assert [poison] == [message["data"] for message in dead if message["data"] == poison]


@pytest.mark.parametrize("body", [b"", b"{}", b" {}\n"])
def test_recover_reports(receiver: Receiver, body: bytes) -> None:
    """`recover` called by the scheduler answers with counts."""
    answer = receiver.recover(body)
    assert 200 == answer.status_code
    assert {"published", "failed", "pending", "oldest_pending_seconds"} == set(answer.json())
