from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from envybox import (
    FirestoreKeeper,
    Once,
    SQLiteKeeper,
    Unavailable,
)
from envybox.subscriber.keepers import Entry, Found, Keeper
from tests.subscriber.acting import (
    INFO,
    NO_TIME,
    STARTED,
    act,
)


def test_found_is_what_was_written(keeper: Keeper) -> None:
    """A keeper gives back what it was given, its version and its age."""
    entry = Entry(
        token="t", running="call/1", lock_seconds=0.5, done=["a"], doubt=["б"], result="1"
    )
    version = keeper.create("test#a", entry, keep=timedelta(days=1))
    found = keeper.read("test#a")
    assert found == Found(entry=entry, version=version, age=found.age if found else NO_TIME)
    assert keeper.create("test#a", entry, keep=timedelta(days=1)) is None
    newer = keeper.replace("test#a", Entry(token="u"), version, keep=timedelta(days=1))
    assert keeper.replace("test#a", entry, version, keep=timedelta(days=1)) is None
    keeper.delete("test#a", version)
    assert keeper.read("test#a") is not None
    keeper.delete("test#a", newer)
    keeper.delete("test#a", newer)
    assert (None, None) == (
        keeper.read("test#a"),
        keeper.replace("test#a", entry, newer, keep=timedelta(days=1)),
    )


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A keeper's file that cannot be opened is told as what may work later; nothing is done."""
    with pytest.raises(Unavailable, match="SQLITE_CANTOPEN"):
        act(Once(SQLiteKeeper(tmp_path), name="test"), INFO)


def test_a_file_that_another_reads(tmp_path: Path) -> None:
    """A new file that another process reads just now is waited for: no act fails for that."""
    reader = sqlite3.connect(tmp_path / "once.db", isolation_level=None, check_same_thread=False)
    reader.execute("CREATE TABLE other (one)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM other").fetchall()
    ends = threading.Timer(0.2, reader.rollback)
    ends.start()
    assert act(Once(SQLiteKeeper(tmp_path / "once.db"), name="test"), INFO)
    ends.join()
    # Two that switch a new file to SQLite's log at the same time do not wait for each other.
    assert ("delete",) == reader.execute("PRAGMA journal_mode").fetchone()
    reader.close()


def test_what_has_expired_is_deleted(tmp_path: Path) -> None:
    """SQLite's keeper forgets what is of no use any more: the file does not grow for ever."""
    keeper = SQLiteKeeper(tmp_path / "once.db")
    assert act(Once(keeper, name="test", keep=NO_TIME), INFO)
    assert act(Once(keeper, name="test"), STARTED)
    assert keeper.read(f"test#{INFO.id}") is None
    assert keeper.read(f"test#{STARTED.id}") is not None


def test_firestore_fails() -> None:
    """What Firestore's client raises is told as what may work later, by name, without a value."""

    class Failing:
        def __getattr__(self, _: str) -> Callable[..., Any]:
            return lambda *_, **__: self

        def create(self, *_: object, **__: object) -> None:
            raise PermissionError("+79000000000")

    with pytest.raises(Unavailable, match=r"^PermissionError$"):
        act(Once(FirestoreKeeper(Failing()), name="test"), INFO)


@pytest.mark.emulator
def test_time_to_live(firestore: Any) -> None:
    """A document of Firestore's keeper says when it may go, for Firestore to delete it then."""
    once = Once(FirestoreKeeper(firestore, collection="ttl"), name="test", keep=timedelta(days=2))
    assert act(once, "call/1")
    document = firestore.collection("ttl").document("test#call%2F1").get()
    left = document.get("expire_at") - document.read_time
    assert timedelta(days=1, hours=23) < left < timedelta(days=2, hours=1)
