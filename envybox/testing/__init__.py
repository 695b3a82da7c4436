"""For the tests of a subscriber: lifelike events, and the push requests that bring them.

    from envybox.testing import push, sample

    request = push(sample("call.result"))
    answer = client.post("/", data=request.body, headers=request.headers)

Needs msgspec alone, as the subscriber does, and no cloud.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from envybox.event import Event
from envybox.receiver import message
from envybox.testing.envelope import PushRequest, Sent, unwrapped, wrapped

__all__ = ["PushRequest", "push", "sample"]

SUBSCRIPTION = "projects/local/subscriptions/test"


def sample(type_: str = "call.result", /, **changes: Any) -> Event:
    """Return a lifelike event of a type, people and domains invented.

    `changes` go over its fields, within parts too: `sample("call.info", call={"state":
    "operator_busy"})`. A changed event has an id of its own, the same for the same changes.
    Raises `ValueError` for a type of which there is no sample, and for a change that makes
    no event (`msgspec.ValidationError`).
    """
    examples = _examples()
    if type_ not in examples:
        raise ValueError(f"no sample of {type_!r}; there are {', '.join(examples)}")
    fields = _merged(examples[type_], changes)
    if changes and "id" not in changes:
        text = msgspec.json.encode(fields, order="sorted")
        fields["id"] = hashlib.sha256(text).hexdigest()[:32]
    return msgspec.convert(fields, Event)


def push(
    event: Event,
    *,
    wrap: bool = True,
    replay: str | None = None,
    again: bool = False,
    attempt: int | None = None,
    message_id: str = "1",
    publish_time: str | None = None,
    subscription: str = SUBSCRIPTION,
) -> PushRequest:
    """Return the push request that brings an event, as the receiver publishes it.

    - `wrap`: false for a subscription without the wrapper, with metadata as headers
    - `replay`: the name of a replay that published it again; `again`: one that is to be done
      again by those who have done it
    - `attempt`: which delivery it is, where there is a dead-letter topic
    - `publish_time`: RFC 3339; the event's `received_at` where it is left out
    """
    published = message.of_event(event)
    attributes = dict(published.attributes)
    if replay is not None:
        attributes["replay"] = replay
        if again:
            attributes["replay-again"] = "1"
    published = msgspec.structs.replace(published, attributes=attributes)
    sent = Sent(message_id, publish_time or _text(event.received_at), subscription)
    return wrapped(published, sent, attempt=attempt) if wrap else unwrapped(published, sent)


@cache
def _examples() -> dict[str, dict[str, Any]]:
    path = Path(__file__).parents[1] / "examples.json"
    events: list[dict[str, Any]] = msgspec.json.decode(path.read_bytes())
    return {event["type"]: event for event in events}


def _merged(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(fields)
    for name, value in changes.items():
        old = merged.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and name != "custom_data":
            merged[name] = _merged(old, value)
        else:
            merged[name] = value
    return merged


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
