"""The keeper in memory: for tests, and for a subscriber that is one process."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from envybox.subscriber.keepers import Entry, Found


class MemoryKeeper:
    """Keeps entries until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[Entry, object, float]] = {}

    def create(self, key: str, entry: Entry, *, keep: timedelta) -> object | None:  # noqa: ARG002
        """Write a new entry and return its version; None where there is one."""
        with self._lock:
            return None if key in self._entries else self._write(key, entry)

    def read(self, key: str) -> Found | None:
        """Return the entry, None where there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            entry, version, at = self._entries[key]
            age = timedelta(seconds=time.monotonic() - at)
            return Found(entry=entry, version=version, age=age)

    def replace(self, key: str, entry: Entry, version: object, *, keep: timedelta) -> object | None:  # noqa: ARG002
        """Write over that version and return the new one; None where it is not the one there."""
        with self._lock:
            return self._write(key, entry) if self._is(key, version) else None

    def delete(self, key: str, version: object) -> None:
        """Delete that version; another is left alone."""
        with self._lock:
            if self._is(key, version):
                del self._entries[key]

    def _is(self, key: str, version: object) -> bool:
        return key in self._entries and self._entries[key][1] is version

    def _write(self, key: str, entry: Entry) -> object:
        version = object()
        self._entries[key] = (entry, version, time.monotonic())
        return version
