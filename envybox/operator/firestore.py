"""The look-up on Firestore, by Google's own client; see `envybox.ports.lookup`."""

from __future__ import annotations

import contextlib
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1.types.common import DocumentMask, Precondition
from google.cloud.firestore_v1.types.document import Document
from google.cloud.firestore_v1.types.write import Write

from envybox.errors import Unaskable, Unavailable
from envybox.event import Event
from envybox.google.document import build
from envybox.operator.firestore_event import found_of
from envybox.operator.shapes import RECEIVED, Shape, shape_of
from envybox.ports.lookup import (
    FACET_FIELDS,
    PAGE,
    Counted,
    Facets,
    Filters,
    Found,
    Listing,
    decode_cursor,
    encode_cursor,
    matches,
    place,
)
from envybox.ports.store import Record

CALL_SECONDS = 30.0

LOOKED_AT = 1000
"""After so many documents a page ends, however few of them it shows."""

MOST_ALIKE = 10_000
"""How many events that share a phone or another selective field are sorted here at most."""

FACETED = 1000
"""How many of the newest events facets are counted of: each is a read that costs."""

_NEEDS_TIMES = (
    "Firestore has no index for this question. A project that was set up with "
    "`index_times = false` can be asked by --phone, --email, --visitor, --call, --chat, --pending "
    "or an event's id alone; others need the indexes of terraform/database.tf, "
    "`gcloud firestore indexes composite list` tells whether they are READY."
)
_REWRITTEN = (*Event.__struct_fields__, "normalizer")


class FirestoreLookup:
    """The documents of one collection."""

    def __init__(self, project: str, database: str, collection: str) -> None:
        with translated(project):
            self._client: Any = firestore.Client(project=project, database=database)
        self._project = project
        self._collection = self._client.collection(collection)
        self._documents = f"projects/{project}/databases/{database}/documents/{collection}"

    def page(self, filters: Filters, *, limit: int = PAGE, cursor: str = "") -> Listing:
        """Return the first events, or those after a cursor; see the port."""
        shape = shape_of(filters)
        after = decode_cursor(cursor) if cursor else None
        with translated(self._project):
            if shape.any_of:
                return self._alike(shape, filters, limit, after)
            return self._in_order(shape, filters, limit, after)

    def get(self, event_id: str) -> Found | None:
        """Return the event of this id; see the port."""
        with translated(self._project):
            snapshot = self._collection.document(event_id).get(timeout=CALL_SECONDS)
        return found_of(snapshot) if snapshot.exists else None

    def several(self, event_ids: list[str]) -> dict[str, Found]:
        """Return those of these events that there are, in one call; see the port."""
        references = [self._collection.document(event_id) for event_id in event_ids]
        with translated(self._project):
            read = list(self._client.get_all(references, timeout=CALL_SECONDS))
        return {snapshot.id: found_of(snapshot) for snapshot in read if snapshot.exists}

    def count(self, filters: Filters) -> Counted:
        """Return how many there are, by a count of Firestore's: one read for each thousand.

        Where a filter has no index, that of those which have to be read. What is left of erased
        events is counted with lists by time alone.
        """
        shape = shape_of(filters)
        with translated(self._project):
            if shape.any_of:
                return self._count_alike(shape)
            return Counted(number=_count(self._query(shape, filters)), exact=shape.complete)

    def facets(self, filters: Filters) -> Facets:
        """Return how many of the newest events have which value."""
        listing = self.page(filters, limit=FACETED)
        counters: dict[str, Counter[str]] = {field: Counter() for field in FACET_FIELDS}
        for found in listing.events:
            event = found.event
            state = event.call.state if event.call else None
            values = (event.type, state, event.page.site, event.account)
            for field, value in zip(FACET_FIELDS, values, strict=True):
                if value is not None:
                    counters[field][value] += 1
        return Facets(
            values={field: dict(counter.most_common()) for field, counter in counters.items()},
            counted=len(listing.events),
            complete=not listing.cursor,
        )

    def rewrite(self, found: Found, event: Event) -> bool:
        """Put another event in the place of one; see the port."""
        record = Record(event=event, raw=found.raw, topic=found.publish.topic)
        made = build(record, f"{self._documents}/{event.id}")
        batch = self._client.batch()
        # Past the batch's own methods: what Firestore cannot hold is told by `build` alone.
        batch._add_write_pbs(  # noqa: SLF001
            [
                Write(
                    update=Document.deserialize(made.SerializeToString()),
                    update_mask=DocumentMask(field_paths=_REWRITTEN),
                    current_document=Precondition(update_time=found.revision),
                )
            ]
        )
        try:
            with translated(self._project):
                batch.commit(timeout=CALL_SECONDS)
        except Unaskable:  # FAILED_PRECONDITION: of another time
            return False
        return True

    def erase(self, event_id: str, at: datetime) -> bool:
        """Take all out of an event but its head; see the port."""
        found = self.get(event_id)
        if found is None:
            return False
        head = {
            "id": event_id,
            "account": found.event.account,
            RECEIVED: found.event.received_at,
            "raw": "[]",
            "publish": {"state": "published", "topic": found.publish.topic, "attempts": 0},
            "erased_at": at,
        }
        if found.expire_at is not None:
            head["expire_at"] = found.expire_at
        reference = self._collection.document(event_id)
        batch = self._client.batch()
        batch.set(reference, head)
        with translated(self._project):
            batch.commit(timeout=CALL_SECONDS)
        return True

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _in_order(
        self, shape: Shape, filters: Filters, limit: int, after: tuple[str, str] | None
    ) -> Listing:
        query = self._query(shape, filters).order_by("__name__", direction=shape.direction)
        if after:
            start = {
                RECEIVED: datetime.fromisoformat(after[0]),
                "__name__": self._collection.document(after[1]),
            }
            query = query.start_after(start)
        events: list[Found] = []
        looked_at, last = 0, None
        while len(events) < limit and looked_at < max(limit, LOOKED_AT):
            wanted = limit - len(events)
            read = list(query.limit(wanted).stream(timeout=CALL_SECONDS))
            looked_at += len(read)
            events += _shown(map(found_of, read), filters)
            if len(read) < wanted:
                return Listing(events=events)
            last = read[-1]
            query = query.start_after(last)
        assert last is not None  # noqa: S101 - a page is of one event at least
        return Listing(events=events, cursor=encode_cursor(*place(found_of(last))))

    def _alike(
        self, shape: Shape, filters: Filters, limit: int, after: tuple[str, str] | None
    ) -> Listing:
        """Read all that share a value, sort them and cut the page out of them."""
        read: dict[str, Found] = {}
        for field in shape.any_of:
            query = self._collection.where(filter=_equals(field, shape.value))
            for snapshot in query.limit(MOST_ALIKE + 1).stream(timeout=CALL_SECONDS):
                read[snapshot.id] = found_of(snapshot)
        if len(read) > MOST_ALIKE:
            raise Unaskable(
                f"More than {MOST_ALIKE:,} events have this value, too many to sort here. "
                "Ask by another field, or by type and time."
            )
        ordered = sorted(_shown(read.values(), filters), key=place, reverse=not filters.pending)
        if after:
            ahead = operator.gt if filters.pending else operator.lt
            ordered = [found for found in ordered if ahead(place(found), after)]
        page = ordered[:limit]
        return Listing(
            events=page, cursor=encode_cursor(*place(page[-1])) if len(ordered) > limit else ""
        )

    def _count_alike(self, shape: Shape) -> Counted:
        queries = (self._collection.where(filter=_equals(f, shape.value)) for f in shape.any_of)
        numbers = [_count(query) for query in queries]
        return Counted(number=sum(numbers), exact=shape.complete and len(numbers) == 1)

    def _query(self, shape: Shape, filters: Filters) -> Any:
        query: Any = self._collection
        for field, value in shape.equal:
            query = query.where(filter=_equals(field, value))
        if filters.since is not None:
            query = query.where(filter=firestore.FieldFilter(RECEIVED, ">=", filters.since))
        if filters.until is not None:
            query = query.where(filter=firestore.FieldFilter(RECEIVED, "<", filters.until))
        return query.order_by(RECEIVED, direction=shape.direction)


def _equals(field: str, value: Any) -> firestore.FieldFilter:
    return firestore.FieldFilter(field, "==", value)


def _count(query: Any) -> int:
    return int(query.count().get(timeout=CALL_SECONDS)[0][0].value)


def _shown(read: Iterable[Found], filters: Filters) -> list[Found]:
    return [found for found in read if found.erased_at is None and matches(filters, found)]


@contextlib.contextmanager
def translated(project: str) -> Iterator[None]:
    """Turn the errors of Google's clients into ours, which say what to do."""
    try:
        yield
    except GoogleAuthError as error:
        raise Unavailable(
            "There are no credentials of Google's: `gcloud auth application-default login`."
        ) from error
    except exceptions.FailedPrecondition as error:
        raise Unaskable(_NEEDS_TIMES) from error
    except (exceptions.Forbidden, exceptions.Unauthorized) as error:
        raise Unavailable(
            f"{project} refuses you: {error.message} A viewer of the database needs "
            "`roles/datastore.viewer`; docs/cli.md has the roles of each command."
        ) from error
    except exceptions.GoogleAPIError as error:
        raise Unavailable(f"{project}: {getattr(error, 'message', error)}") from error
