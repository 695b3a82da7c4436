from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from envybox.operator.console import owed
from envybox.operator.console.owed import Owed
from envybox.operator.spooled import Spooled
from tests.operator.console.support import CALL, Store

SINCE = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_what_is_pending(store: Store) -> None:
    """Pending events are counted, with when the oldest came; a file's spool is known at once."""
    store.add(CALL | {"call_id": "1"}, ago=60)
    assert (0, None, 0) == _told(Owed(store.desk()))
    store.add(CALL, ago=90, state="pending")
    store.add(CALL | {"call_id": "2"}, ago=30, state="pending")
    number, oldest, spooled = _told(Owed(store.desk()))
    assert oldest
    assert (2, 90, 0) == (number, round((datetime.now(UTC) - oldest).total_seconds()), spooled)


def _told(one: Owed) -> tuple[int, datetime | None, int]:
    now = one.now()
    assert now.spool
    return now.pending, now.oldest, now.spool.count


def test_a_project_s_spool_holds_no_page_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a project the stream alone asks for the spool, now and then; pages show what it found."""
    asked: list[Any] = []

    def state(place: Any) -> Spooled:
        asked.append(place)
        return Spooled(count=len(asked), oldest=SINCE)

    one = Owed(store.desk())
    monkeypatch.setattr(owed, "state", state)
    monkeypatch.setattr("envybox.operator.place.Place.is_local", False)
    assert one.now().spool is None
    for _ in range(3):
        one.now(wait=True)
    assert Spooled(count=1, oldest=SINCE) == one.now().spool
    monkeypatch.setattr(owed, "SPOOL_SECONDS", -1.0)
    one._due_at = 0.0
    one.now(wait=True)
    assert Spooled(count=2, oldest=SINCE) == one.now().spool
