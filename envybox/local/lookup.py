"""The look-up on the embedded backend's file; see `envybox.ports.lookup`."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from envybox.errors import Rejected, Unavailable
from envybox.event import NORMALIZER_VERSION, Event, encode
from envybox.local.database import connect, to_text, to_time
from envybox.local.migrations import HAS_WARNINGS, LISTED, value
from envybox.ports.lookup import (
    ERASED,
    FACET_FIELDS,
    PAGE,
    UNREADABLE,
    Counted,
    Facets,
    Filters,
    Found,
    Listing,
    Publish,
    bare,
    decode_cursor,
    encode_cursor,
)

WAIT_SECONDS = 5.0
"""How long to wait for a file that another process holds."""

_COLUMNS = (
    "id, account, received_at, event, raw, state, topic, message_id, published_at, attempts,"
    " expire_at, normalizer, erased_at"
)
_REWRITE = """
UPDATE events SET event = ?, normalizer = ?
WHERE id = ? AND raw = ? AND event = ? AND erased_at IS NULL
"""
# What was published is the event too, until it is a week old.
_ERASE = """
UPDATE events SET raw = '[]', event = ?, state = 'published', normalizer = NULL, erased_at = ?
WHERE id = ? AND erased_at IS NULL
"""
_ERASE_MESSAGES = "DELETE FROM messages WHERE json_extract(attributes, '$.event_id') = ?"
# The fewer events have a value, the earlier its field stands.
_CONDITIONS = {
    **{name: f"{value(name)} = ?" for name in ("call", "chat", "visitor", "email")},
    "phone": f"({value('phone')} = ? OR {value('phone_text')} = ?)",
    **{name: f"{value(name)} = ?" for name in ("site", "state", "type")},
    "account": "account = ?",
    "pending": "state = 'pending'",
    "warnings": HAS_WARNINGS,
    "older_than": "coalesce(normalizer, 0) < ?",
    "since": "received_at >= ?",
    "until": "received_at < ?",
}
_SHARED = ("site", "state", "type", "account")
_event = msgspec.json.Decoder(Event)


class SqliteLookup:
    """The events of one file, which has to be there. Each call opens it for itself."""

    def __init__(self, path: str) -> None:
        self._path = path

    def page(self, filters: Filters, *, limit: int = PAGE, cursor: str = "") -> Listing:
        """Return the first events, or those after a cursor; see the port."""
        comparison, direction = (">", "ASC") if filters.pending else ("<", "DESC")
        after = [f"(received_at, id) {comparison} (?, ?)"] if cursor else []
        where, values = _where(filters, *after)
        values += decode_cursor(cursor) if cursor else ()
        statement = (
            f"SELECT {_COLUMNS} FROM events WHERE {where}"  # noqa: S608 - constants
            f" ORDER BY received_at {direction}, id {direction} LIMIT ?"
        )
        with self._opened() as db:
            rows = db.execute(statement, (*values, limit)).fetchall()
        more = len(rows) == limit
        return Listing(
            events=[_found(row) for row in rows],
            cursor=encode_cursor(rows[-1][2], rows[-1][0]) if more else "",
        )

    def get(self, event_id: str) -> Found | None:
        """Return the event of this id; see the port."""
        statement = f"SELECT {_COLUMNS} FROM events WHERE id = ?"  # noqa: S608 - constants
        with self._opened() as db:
            row = db.execute(statement, (event_id,)).fetchone()
        return row and _found(row)

    def several(self, event_ids: list[str]) -> dict[str, Found]:
        """Return those of these events that there are; see the port."""
        statement = f"SELECT {_COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        with self._opened() as db:
            rows = db.execute(statement, (msgspec.json.encode(event_ids).decode(),)).fetchall()
        return {row[0]: _found(row) for row in rows}

    def count(self, filters: Filters) -> Counted:
        """Return how many there are."""
        where, values = _where(filters)
        statement = f"SELECT count(*) FROM events WHERE {where}"  # noqa: S608 - constants
        with self._opened() as db:
            return Counted(number=db.execute(statement, values).fetchone()[0])

    def facets(self, filters: Filters) -> Facets:
        """Return how many events have which value; all are counted."""
        with self._opened() as db:
            db.execute("BEGIN")  # one state of the file for all
            counts = {}
            for field in FACET_FIELDS:
                column = value(field) if field in LISTED else field
                where, values = _where(filters, f"{column} IS NOT NULL")
                rows = db.execute(
                    f"SELECT {column}, count(*) FROM events"  # noqa: S608 - constants
                    f" WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1",
                    values,
                )
                counts[field] = dict(rows.fetchall())
            db.execute("COMMIT")
        return Facets(values=counts, counted=sum(counts["type"].values()), complete=True)

    def rewrite(self, found: Found, event: Event) -> bool:
        """Put another event in the place of one; see the port."""
        row = (_text(event), NORMALIZER_VERSION, found.event.id, found.raw, found.revision)
        with self._opened() as db:
            return db.execute(_REWRITE, row).rowcount == 1

    def erase(self, event_id: str, at: datetime) -> bool:
        """Take all out of an event but its head, and its messages with it; see the port."""
        with self._opened() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute(
                "SELECT account, received_at FROM events WHERE id = ?", (event_id,)
            ).fetchone()
            if row:
                head = {"id": event_id, "account": row[0], "received_at": row[1]}
                text = msgspec.json.encode(head).decode()
                db.execute(_ERASE, (text, to_text(at), event_id))
                db.execute(_ERASE_MESSAGES, (event_id,))
            db.execute("COMMIT")
        return bool(row)

    def close(self) -> None:
        """There is nothing that stays open."""

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not Path(self._path).exists():  # to look for events makes no file
            raise Unavailable(
                f"{self._path} is not there: no webhook came yet, or it is another --local-path."
            )
        try:
            with contextlib.closing(connect(self._path, wait=WAIT_SECONDS)) as db:
                yield db
        except sqlite3.Error as error:
            raise Unavailable(f"{self._path}: {error}") from error


def _where(filters: Filters, *more: str) -> tuple[str, list[Any]]:
    """Return a condition, which an index serves where there is one, and its values."""
    conditions: list[str] = []
    values: list[Any] = []
    for name, condition in _CONDITIONS.items():
        wanted = getattr(filters, name)
        if wanted is not None and wanted is not False:
            # A plus keeps SQLite, which has no statistics, from the less selective index.
            conditions.append("+" * (bool(conditions) and name in _SHARED) + condition)
            text = to_text(wanted) if isinstance(wanted, datetime) else wanted
            values += [text] * condition.count("?")
    conditions += more
    # What is left of an erased event has none of the fields in `event`, so that their indexes,
    # which know nothing of erasing, serve alone.
    if not any("json" in condition for condition in conditions):
        conditions.append("erased_at IS NULL")
    return " AND ".join(conditions), values


def _found(row: tuple[Any, ...]) -> Found:
    id_, account, received_at, text, raw, state, topic, message_id, published_at, *rest = row
    attempts, expire_at, normalizer, erased_at = rest
    try:
        event = _event.decode(text)
    except ValueError:
        reason = ERASED if erased_at else UNREADABLE
        event = bare(id_, account, to_time(received_at), reason=reason)
    return Found(
        event=event,
        raw=raw,
        publish=Publish(
            state=state,
            topic=topic,
            message_id=message_id,
            published_at=published_at and to_time(published_at),
            attempts=attempts,
        ),
        expire_at=expire_at and to_time(expire_at),
        normalizer=normalizer or 0,
        erased_at=erased_at and to_time(erased_at),
        revision=text,
    )


def _text(event: Event) -> str:
    try:
        return encode(event).decode()
    except UnicodeEncodeError as error:  # a lone surrogate
        raise Rejected("UnicodeEncodeError") from error
