from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from envybox.errors import Unavailable
from envybox.google.firestore import FirestoreStore
from envybox.ports.store import Mark
from tests.google.store import (
    LONG,
    Writes,
    run,
)
from tests.samples import NOON

# mark


def test_mark_published() -> None:
    """A mark changes what tells of publishing, counts the attempt, and creates nothing."""
    writes = Writes()
    at = datetime(2026, 11, 22, 12, 0, 1, 5000, tzinfo=UTC)

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id="42", at=at), timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    publish = write.update.fields["publish"].map_value.fields
    assert ["publish"] == list(write.update.fields)
    assert ("published", "42") == (
        publish["state"].string_value,
        publish["message_id"].string_value,
    )
    assert at.timestamp() == (
        publish["published_at"].timestamp_value.seconds
        + publish["published_at"].timestamp_value.nanos / 1e9
    )
    assert {"publish.state", "publish.message_id", "publish.published_at"} == set(
        write.update_mask.field_paths
    )
    assert write.current_document.exists
    (transform,) = write.update_transforms
    assert ("publish.attempts", 1) == (transform.field_path, transform.increment.integer_value)


def test_mark_with_an_end() -> None:
    """The end of the retention is written with what tells of publishing, and no earlier."""
    writes = Writes()
    mark = Mark(event_id="f", message_id="42", at=NOON, expire_at=NOON + timedelta(days=30))

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(mark, timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert "expire_at" in write.update_mask.field_paths
    assert mark.expire_at is not None
    assert int(mark.expire_at.timestamp()) == (
        write.update.fields["expire_at"].timestamp_value.seconds
    )


def test_mark_failed() -> None:
    """A failed attempt is counted, and nothing else changes."""
    writes = Writes()

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id=None, at=NOON), timeout=LONG)

    run(writes.api, scenario)
    ((write,),) = [request.writes for request in writes.requests]
    assert ({}, []) == (dict(write.update.fields), list(write.update_mask.field_paths))
    assert write.HasField("update_mask"), "without a mask the document would be emptied"
    assert write.current_document.exists
    assert ["publish.attempts"] == [one.field_path for one in write.update_transforms]


def test_mark_missing() -> None:
    """An event that is not there any more is left alone."""
    writes = Writes()
    writes.statuses["f"] = 5

    async def scenario(store: FirestoreStore) -> None:
        await store.mark(Mark(event_id="f", message_id="42", at=NOON), timeout=LONG)

    run(writes.api, scenario)


def test_mark_fails() -> None:
    """A mark that could not be written says so."""
    writes = Writes()
    writes.statuses["f"] = 14

    async def scenario(store: FirestoreStore) -> None:
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await store.mark(Mark(event_id="f", message_id="42", at=NOON), timeout=LONG)

    run(writes.api, scenario)
