"""`Stories`: finds the events of a call, a chat or a visitor where the receiver stored them."""

from __future__ import annotations

import os
from typing import Any

from envybox.errors import NoStory, Unavailable
from envybox.event import Event
from envybox.subscriber.read import read_event
from envybox.subscriber.stories import (
    CallStory,
    ChatStory,
    VisitorStory,
    call_story,
    chat_story,
    visitor_story,
)

LIMIT = 1000
"""How many events of one call, chat or visitor are read at most."""


class Stories:
    """The stories of what is stored: what was published is, so an event finds itself.

    `source`: a `google.cloud.firestore.Client` of the receiver's database, or the path of
    the embedded backend's file. `collection`: the receiver's `ENVYBOX_COLLECTION`.
    """

    def __init__(self, source: Any, *, collection: str = "events") -> None:
        self._source = source
        self._collection = collection

    def of(self, event: Event) -> CallStory | ChatStory | VisitorStory:
        """Return the story of the event's call, else of its chat, else of its visitor.

        Raises `NoStory` for an event that has none of the three, `Unavailable` where the
        events cannot be read now.
        """
        if event.call and event.call.id:
            return call_story(self._events("call.id", event.call.id, event))
        if event.chat and event.chat.id:
            return chat_story(self._events("chat.id", event.chat.id, event))
        return self.of_visitor(event)

    def of_visitor(self, event: Event) -> VisitorStory:
        """Return the story of the event's visitor, with all his calls. Raises as `of`."""
        if event.visitor.id is None:
            raise NoStory(f"{event} has neither a call nor a chat nor a visitor")
        return visitor_story(self._events("visitor.id", event.visitor.id, event))

    def _events(self, path: str, value: str, event: Event) -> list[Event]:
        find = _in_file if isinstance(self._source, str | os.PathLike) else _in_firestore
        try:
            found = find(self._source, self._collection, path, value)
        except Exception as error:
            raise Unavailable(f"stories: {type(error).__name__}") from error
        events = [read_event(one) for one in found]
        return [event, *(one for one in events if one.account == event.account)]


def _in_file(source: Any, _: str, path: str, value: str) -> list[Any]:
    import contextlib
    import sqlite3
    from pathlib import Path

    # Read alone: a path that is wrong makes no new file.
    with contextlib.closing(
        sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=ro", uri=True)
    ) as db:
        rows = db.execute(
            "SELECT event FROM events WHERE json_extract(event, ?) = ? LIMIT ?",
            (f"$.{path}", value, LIMIT),
        )
        return [row[0] for row in rows]


def _in_firestore(source: Any, collection: str, path: str, value: str) -> list[Any]:
    from google.cloud.firestore_v1.base_query import FieldFilter

    # One equality: it needs no index but those that Firestore makes by itself.
    query = source.collection(collection).where(filter=FieldFilter(path, "==", value))
    return list(query.limit(LIMIT).stream())
