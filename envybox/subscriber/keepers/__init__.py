"""The keeper's port: where `Once` keeps what was done. Keepers: `firestore`, `sqlite`, `memory`.

A keeper holds entries under keys, and replaces one only where it is still the version that
was read. One clock alone tells an entry's age, the keeper's own: those of the machines that
run the subscriber may be wrong.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept under a key.

    - `token`: the run's that wrote it last
    - `running`: the event that a run has in hand now, for `lock_seconds` at most, or ''
    - `done`: the events that were done, the latest last
    - `doubt`: those whose run never said how it ended
    - `result`: what the last run left, JSON text
    """

    token: str
    running: str = ""
    lock_seconds: float = 0
    done: list[str] = []
    doubt: list[str] = []
    result: str = "null"


msgspec.json.Decoder(Entry)  # threads find the class worked out, see `envybox.event`


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that is there, its version, and how long ago it was written."""

    entry: Entry
    version: Any
    age: timedelta


class Keeper(Protocol):
    """A keeper of entries. Each call is atomic, and durable when it returns.

    All raise `Unavailable` where it could not be done now; it may have taken effect all
    the same. `keep`: how long the entry is of use; a keeper may delete it after that.
    """

    def create(self, key: str, entry: Entry, *, keep: timedelta) -> Any:
        """Write a new entry and return its version; None where there is one."""

    def read(self, key: str) -> Found | None:
        """Return the entry, None where there is none."""

    def replace(self, key: str, entry: Entry, version: Any, *, keep: timedelta) -> Any:
        """Write over that version and return the new one; None where it is not the one there."""

    def delete(self, key: str, version: Any) -> None:
        """Delete that version; another is left alone."""
