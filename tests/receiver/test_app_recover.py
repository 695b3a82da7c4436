from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from envybox.errors import Unavailable
from envybox.receiver import spool
from tests.receiver.client import Client, lines
from tests.samples import HELP_PAGE, webhook_of


def test_recover(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """`recover` answers with what it did, and logs the same."""
    client = make()
    answer = client.call("recover")
    expected = {"published": 0, "failed": 0, "pending": 0, "oldest_pending_seconds": 0.0}
    assert (200, expected) == (answer.status_code, answer.json())
    (line,) = lines(capsys)
    assert ("recover", "recovered") == (line["component"], line["status"])
    assert expected.items() <= line.items()


def _push(data: bytes) -> bytes:
    return json.dumps({"message": {"data": base64.b64encode(data).decode()}}).encode()


def test_drain(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """`recover` called by the spool's subscription stores what was spooled."""
    client = make()
    webhook = webhook_of(HELP_PAGE, received_at=datetime.now(UTC) - timedelta(seconds=90))
    answer = client.call("recover", content=_push(spool.encode(webhook).data))
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    assert answer.json()["id"] == client.post().json()["id"]
    line = lines(capsys)[0]
    assert ("drained", answer.json()["id"]) == (line["status"], line["event_id"])
    assert 90 <= line["spool_age_seconds"] < 120


def test_recover_that_cannot_count(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that cannot tell what is left is answered all the same; the log tells no number."""
    client = make()

    async def backlog(**_: Any) -> Any:
        raise Unavailable("DEADLINE_EXCEEDED")

    monkeypatch.setattr(client.app._backend.store, "backlog", backlog)
    answer = client.call("recover")
    expected = {"published": 0, "failed": 0, "pending": None, "oldest_pending_seconds": None}
    assert (200, expected) == (answer.status_code, answer.json())
    warning, line = lines(capsys)
    assert ("WARNING", "recovered") == (warning["severity"], line["status"])
    assert "pending" not in line


def test_dead_letter(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """A poisoned message is told of as an error, with the reason."""
    assert 200 == make().call("recover", content=_push(b"junk")).status_code
    (line,) = lines(capsys)
    assert ("ERROR", "dead_lettered") == (line["severity"], line["status"])
    assert "not a spooled webhook of version 1" == line["cause"]
