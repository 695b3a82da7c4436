"""The queries of docs/bigquery.md, on SQLite, with BigQuery's functions of the same names."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from envybox import Event
from envybox.event import encode
from envybox.testing import sample

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bigquery.md").read_text("utf-8")
QUERIES = dict(re.findall(r"```sql (\w+)\n(.*?)```", PAGE, re.DOTALL))
COLUMNS = re.findall(
    r'(\w+) += \{ path = "([\w.]+)", type = "(\w+)" \}',
    (ROOT / "terraform" / "subscriptions_bigquery.tf").read_text("utf-8"),
)
"""The view's columns, as Terraform makes them: name, path, type."""


class CountIf:
    """BigQuery's COUNTIF: how many times a condition is true."""

    def __init__(self) -> None:
        self._count = 0

    def step(self, condition: int | None) -> None:
        self._count += bool(condition)

    def finalize(self) -> int:
        return self._count


def _format(pattern: str, at: str, zone: str) -> str:
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).strftime(pattern)


def _opened(events: list[Event]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.create_aggregate("COUNTIF", 1, CountIf)
    db.create_function("FORMAT_TIMESTAMP", 3, _format)
    db.create_function("DATE", 2, lambda at, zone: _format("%Y-%m-%d", at, zone))
    db.create_function("UNIX_SECONDS", 1, lambda at: int(datetime.fromisoformat(at).timestamp()))
    db.create_function("GREATEST", 2, lambda a, b: None if None in (a, b) else max(a, b))
    db.create_function("REGEXP_REPLACE", 3, lambda text, old, new: text and re.sub(old, new, text))
    names = ", ".join(name for name, _, _ in COLUMNS)
    db.execute(f"CREATE TABLE `my-project.envybox.events` ({names})")
    marks = ", ".join("?" * len(COLUMNS))
    for event in events:
        row = [_value(json.loads(encode(event)), path) for _, path, _ in COLUMNS]
        db.execute(f"INSERT INTO `my-project.envybox.events` VALUES ({marks})", row)  # noqa: S608
    return db


def _value(event: Any, path: str) -> Any:
    for name in path.split("."):
        event = event and event[name]
    return event


def _call(
    id_: str, at: str, state: str | None = None, lasted: int | None = None, **changes: Any
) -> Event:
    call = {"id": id_, "state": state, "duration_seconds": lasted}
    return sample("call.info", received_at=f"2026-11-{at}Z", call=call, **changes)


OTHER = {
    "visitor": {"phone": "+79000000009", "phone_text": None},
    "utm": {"source": None, "campaign": None},
    "page": {"url": "https://example.com/sale#top"},
}
NOWHERE = {
    "visitor": {"phone": None},
    "utm": {"source": None, "campaign": None},
    "page": {"referrer": None, "url": None},
}
EVENTS = [
    # One that was taken at the second try, half an hour before midnight in UTC.
    _call("1", "09T23:30:00"),
    _call("1", "09T23:30:40", "operator_busy", 0),
    _call("1", "09T23:32:40", "answered", 100),
    # The same visitor, whom nobody answered; and he came once before all that is asked for.
    _call("2", "10T23:10:00"),
    _call("2", "10T23:11:00", "operator_no_answer", 0),
    sample("call.info", received_at="2026-10-01T00:00:00Z", call={"id": "0"}),
    # Another, who did not answer himself, and came without tags; and a third, of no site at all.
    _call("3", "11T09:00:00", "client_no_answer", 0, **OTHER),
    _call("4", "11T10:00:00", "answered", 60, **NOWHERE),
    # No calls.
    sample("lead.quiz", received_at="2026-11-12T00:00:00Z"),
    sample("lead.generator", received_at="2026-11-12T00:00:00Z", visitor={"phone": None}),
]

ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "missed": [("02", 2, 1), ("12", 1, 0), ("13", 1, 0)],
    "sources": [("yandex", "autumn", 2, 1), ("direct", "", 1, 1), ("yandex.ru", "", 1, 0)],
    "answer": [("2026-11-10", 1, 60.0, 60), ("2026-11-11", 1, 0.0, 0)],
    "repeat": [("+79000000000", 2, "2026-11-09T23:30:00Z", "2026-11-10T23:11:00Z")],
    "leads": [("https://example.com/catalog/", 2), ("https://example.com/sale", 1)],
}


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    """A stand-in of the view, with some events."""
    opened = _opened(EVENTS)
    yield opened
    opened.close()


def test_five_questions() -> None:
    """Each query of the page is tried here."""
    assert list(ANSWERS) == list(QUERIES)
    assert len(COLUMNS) > 30


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(db: sqlite3.Connection, name: str) -> None:
    """A query gives the answer that one gets by counting."""
    assert ANSWERS[name] == db.execute(QUERIES[name]).fetchall()


@pytest.mark.parametrize("name", ANSWERS)
def test_columns(name: str) -> None:
    """A query asks for what the view has, and names no function that is not BigQuery's."""
    known = {column for column, _, _ in COLUMNS}
    words = set(re.findall(r"\b[a-z]+_[a-z_]+\b", re.sub(r"'[^']*'", "", QUERIES[name])))
    assert set() == words - known - set(re.findall(r"AS (\w+)", QUERIES[name]))
