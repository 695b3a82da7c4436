"""The keeper in Firestore: for subscribers that run as functions.

Two writes an event, and no read where it comes once. No transaction: each write has the
precondition that the document is missing, or still the version that is known, and Firestore
sees to that itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from envybox.errors import Unavailable
from envybox.subscriber.keepers import Entry, Found

TIMEOUT_SECONDS = 10.0
_LONGEST_ID = 1000  # characters, of Firestore's 1,500 bytes
_REFUSALS = frozenset({"AlreadyExists", "FailedPrecondition", "NotFound"})
"""The client's errors that say that a precondition did not hold, by name: it is not imported."""


class FirestoreKeeper:
    """Keeps entries in a collection, which need not be there.

    `client` is a `google.cloud.firestore.Client`. A document's field `expire_at` is when it
    may go: with a TTL policy on it, Firestore deletes it then.
    """

    def __init__(self, client: Any, *, collection: str = "once") -> None:
        self._client = client
        self._collection = collection

    def create(self, key: str, entry: Entry, *, keep: timedelta) -> Any:
        """Write a new entry and return its version; None where there is one."""
        fields = _fields(entry, keep)
        written = _run(lambda: self._document(key).create(fields, timeout=TIMEOUT_SECONDS))
        return written and written.update_time

    def read(self, key: str) -> Found | None:
        """Return the entry, None where there is none."""
        snapshot = _run(lambda: self._document(key).get(timeout=TIMEOUT_SECONDS))
        if snapshot is None:  # a read has no precondition: the database itself is not there
            raise Unavailable("NotFound: the client's database is not there")
        if not snapshot.exists:
            return None
        return Found(
            entry=msgspec.convert(snapshot.to_dict(), Entry),
            version=snapshot.update_time,
            age=snapshot.read_time - snapshot.update_time,  # both are Firestore's own
        )

    def replace(self, key: str, entry: Entry, version: Any, *, keep: timedelta) -> Any:
        """Write over that version and return the new one; None where it is not the one there."""
        fields, only = _fields(entry, keep), self._only(version)
        written = _run(lambda: self._document(key).update(fields, only, timeout=TIMEOUT_SECONDS))
        return written and written.update_time

    def delete(self, key: str, version: Any) -> None:
        """Delete that version; another is left alone."""
        only = self._only(version)
        _run(lambda: self._document(key).delete(only, timeout=TIMEOUT_SECONDS))

    def _document(self, key: str) -> Any:
        return self._client.collection(self._collection).document(_id(key))

    def _only(self, version: Any) -> Any:
        return self._client.write_option(last_update_time=version)


def _id(key: str) -> str:
    """Return a key as Firestore takes it for a document's id: without `/`, not too long."""
    name = quote(key, safe="#:@ ")
    if len(name) <= _LONGEST_ID:
        return name
    return f"{name[: _LONGEST_ID - 64]}{hashlib.sha256(key.encode()).hexdigest()}"


def _fields(entry: Entry, keep: timedelta) -> dict[str, Any]:
    return {**msgspec.structs.asdict(entry), "expire_at": datetime.now(UTC) + keep}


def _run(call: Callable[[], Any]) -> Any:
    """Return what the call does, None where its precondition did not hold."""
    try:
        return call()
    except Exception as error:
        name = type(error).__name__
        if name in _REFUSALS:
            return None
        raise Unavailable(name) from error
