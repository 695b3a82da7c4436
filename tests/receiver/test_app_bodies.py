from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request

from envybox.errors import Unavailable
from envybox.receiver import app as app_module
from envybox.receiver import deadline as deadline_module
from envybox.receiver.deadline import Deadline
from tests.receiver.client import Client, lines


def test_malformed(make: Callable[..., Client]) -> None:
    """What cannot be read is refused with a reason."""
    answer = make().call(content=b"{", headers={"content-type": "application/json"})
    assert (400, "malformed") == (answer.status_code, answer.json()["error"])
    assert answer.json()["detail"]


def test_the_sender_goes_away(make: Callable[..., Client]) -> None:
    """A body that ends early is refused, and stored nowhere."""
    client = make()

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def run() -> Any:
        scope = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path": "/"}
        return await client.app.webhook(Request(scope, receive))

    assert 400 == asyncio.run(run()).status_code


def _stalling(body: bytes = b"") -> Request:
    """Return a request whose body begins and does not end."""
    messages = iter([{"type": "http.request", "body": body, "more_body": True}])

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path": "/"}
    return Request(scope, receive)


@pytest.mark.parametrize("entry", ["webhook", "recover"])
def test_slow_bodies(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
) -> None:
    """Bodies that do not come hold no place for longer than their time, however many."""
    for name in ("BODY_SECONDS", "ENVELOPE_SECONDS"):
        monkeypatch.setattr(app_module, name, 0.02)
    client = make()

    async def run() -> list[Any]:
        serve = getattr(client.app, entry)
        return await asyncio.gather(*(serve(_stalling(b"webhooktype=1")) for _ in range(80)))

    responses = asyncio.run(run())
    assert {408} == {response.status_code for response in responses}
    assert "too_slow" == json.loads(responses[0].body)["error"]
    assert {("WARNING", "too_slow")} == {
        (line["severity"], line["status"]) for line in lines(capsys)
    }


def test_a_body_counts_against_the_time_of_all(
    make: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a body took is not there for the backends: the answer has to come all the same."""
    client = make()
    left = []

    async def receive(_: Any, deadline: Deadline) -> Any:
        left.append(deadline.left())
        raise Unavailable("DEADLINE_EXCEEDED")

    async def slow(*args: Any) -> bytes:
        clock = deadline_module.time.monotonic
        monkeypatch.setattr(deadline_module.time, "monotonic", lambda: clock() + 1)
        return await read_body(*args)

    read_body = app_module.read_body
    monkeypatch.setattr(app_module, "read_body", slow)
    monkeypatch.setattr(client.app._flow, "receive", receive)
    client.post()
    assert left[0] <= deadline_module.TOTAL_SECONDS - 1
