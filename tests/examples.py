"""Writes envybox/examples.json, an event of each type: `python -m tests.examples`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from envybox.event import Event, encode
from tests.samples import HELP_PAGE, SAMPLES, event_of

EXAMPLES = Path(__file__).parents[1] / "envybox" / "examples.json"

_SOME_TIME = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
_ON_THE_WAY = timedelta(seconds=2, microseconds=345_678)


def received() -> dict[str, list[tuple[str, str]]]:
    """Return type → the fields of its sample, as Envybox sends them."""
    return {event_of(sample).type: sample for sample in SAMPLES.values() if sample != HELP_PAGE}


def events() -> dict[str, Event]:
    """Return type → the event of its sample, received when it was over."""
    return {type_: _received_in_time(fields) for type_, fields in received().items()}


def _received_in_time(fields: list[tuple[str, str]]) -> Event:
    event = event_of(fields)
    happened = event.occurred_at or _SOME_TIME
    lasted = timedelta(seconds=(event.call and event.call.duration_seconds) or 0)
    return event_of(fields, received_at=happened + lasted + _ON_THE_WAY)


def document() -> str:
    """Return the text of envybox/examples.json."""
    examples = [json.loads(encode(event)) for event in events().values()]
    return json.dumps(examples, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    EXAMPLES.write_text(document(), "utf-8")
