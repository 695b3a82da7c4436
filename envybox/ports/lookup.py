"""The look-up's port: finding stored events, for an operator's tools, not for the function.

Implementations: `envybox.local.lookup`, `envybox.operator.firestore`. Both block, and may be
called from several threads.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from envybox.event import (
    Event,
    FieldWarning,
    Ids,
    Manager,
    Page,
    Utm,
    Visitor,
)
from envybox.types import UNKNOWN

PAGE = 50
"""How many events a page has, unless told."""

FACET_FIELDS = ("type", "state", "site", "account")
"""What `facets` counts by."""

ERASED = FieldWarning("", "erased")
"""The warning of what is left of an erased event."""

UNREADABLE = FieldWarning("", "the document does not read as an event")
"""The warning of an event that somebody changed by hand, so that only its head can be shown."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: all that is not None has to hold.

    `phone` is E.164, or the text as received; `since` is inclusive, `until` is not, both are
    times of receipt. `pending`: what is not published yet. `warnings`: what has any.
    `older_than`: what a normalizer before this version made.
    """

    type: str | None = None
    site: str | None = None
    state: str | None = None
    account: str | None = None
    phone: str | None = None
    email: str | None = None
    visitor: str | None = None
    call: str | None = None
    chat: str | None = None
    pending: bool = False
    warnings: bool = False
    older_than: int | None = None
    since: datetime | None = None
    until: datetime | None = None


msgspec.json.Decoder(Filters)  # threads find the class worked out, see `envybox.event`


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """How far an event came on its way to subscribers."""

    state: str
    topic: str
    message_id: str | None = None
    published_at: datetime | None = None
    attempts: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event, whole.

    `raw` is `webhook.encode_raw`'s text. `normalizer` is the version that made the event, 0
    where none is noted. An erased one has `erased_at` and is bare. `revision` tells `rewrite`
    what was read.
    """

    event: Event
    raw: str
    publish: Publish
    expire_at: datetime | None = None
    normalizer: int = 0
    erased_at: datetime | None = None
    revision: Any = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A page of events. `cursor` is where the next one begins, '' after the last.

    A page may have fewer events than were asked for, none even, and a next one all the same:
    where a filter has no index, a page ends after so many that were looked at.
    """

    events: list[Found]
    cursor: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many events there are; where not `exact`, how many have to be read to tell."""

    number: int
    exact: bool = True


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """For each of `FACET_FIELDS`, how many of `counted` events have which value.

    Not `complete`: there are more events, and the newest were counted.
    """

    values: dict[str, dict[str, int]]
    counted: int
    complete: bool


class Lookup(Protocol):
    """Stored events, to be found again.

    Lists are newest first, by the time of receipt; with `pending` oldest first, for that is
    what has waited longest. Erased events are in no list. Raises `Unaskable` where the store
    has no index for a question, `Unavailable` where it cannot answer now or refuses this user;
    both texts say what to do.
    """

    def page(self, filters: Filters, *, limit: int = PAGE, cursor: str = "") -> Listing:
        """Return the first events, or those after a cursor. Raises `ValueError` for none of its."""

    def get(self, event_id: str) -> Found | None:
        """Return the event of this id, an erased one too; None where there is none."""

    def several(self, event_ids: list[str]) -> dict[str, Found]:
        """Return by their ids those of these events that there are, erased ones too."""

    def count(self, filters: Filters) -> Counted:
        """Return how many there are, without reading them."""

    def facets(self, filters: Filters) -> Facets:
        """Return how many events have which type, state, site and account."""

    def rewrite(self, found: Found, event: Event) -> bool:
        """Put another event in the place of one, as made by this version's normalizer.

        `raw`, the state of publishing and the expiry stay. False: what is stored changed since
        it was read, or is gone, and was left alone.
        """

    def erase(self, event_id: str, at: datetime) -> bool:
        """Take all out of an event but its id, account and times; False where there is none.

        What is left keeps a repeat of the webhook from coming back, and is never published.
        """

    def close(self) -> None:
        """Let go of connections and files."""


def scan(lookup: Lookup, filters: Filters, *, page: int = 500) -> Iterator[Found]:
    """Yield all events of a list, in its order."""
    cursor = ""
    while True:
        listing = lookup.page(filters, limit=page, cursor=cursor)
        yield from listing.events
        if not listing.cursor:
            return
        cursor = listing.cursor


def matches(filters: Filters, found: Found) -> bool:
    """Tell whether an event has all that the filters ask for."""
    event = found.event
    call, chat, visitor = event.call, event.chat, event.visitor
    pairs = (
        (filters.type, event.type),
        (filters.site, event.page.site),
        (filters.state, call and call.state),
        (filters.account, event.account),
        (filters.email, visitor.email),
        (filters.visitor, visitor.id),
        (filters.call, call and call.id),
        (filters.chat, chat and chat.id),
    )
    return (
        all(wanted is None or wanted == value for wanted, value in pairs)
        and filters.phone in (None, visitor.phone, visitor.phone_text)
        and not (filters.pending and found.publish.state != "pending")
        and not (filters.warnings and not event.warnings)
        and (filters.older_than is None or found.normalizer < filters.older_than)
        and (filters.since is None or filters.since <= event.received_at)
        and (filters.until is None or event.received_at < filters.until)
    )


def place(found: Found) -> tuple[str, str]:
    """Return the place of an event in the order of receipt: its time as text that sorts, its id."""
    at = found.event.received_at.astimezone(UTC)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z"), found.event.id


def encode_cursor(received_at: str, event_id: str) -> str:
    """Return the cursor after a place."""
    return base64.urlsafe_b64encode(f"{received_at} {event_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, str]:
    """Return the place of a cursor. Raises `ValueError` where it is none."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        received_at, event_id = base64.b64decode(padded, b"-_", validate=True).decode().split(" ")
        datetime.fromisoformat(received_at)
    except ValueError as error:
        raise ValueError("the cursor is none of this list's") from error
    return received_at, event_id


def bare(event_id: str, account: str, received_at: datetime, *, reason: FieldWarning) -> Event:
    """Return an event with nothing but its head, and the warning that says why."""
    return Event(
        id=event_id,
        type=UNKNOWN,
        webhooktype=None,
        account=account,
        received_at=received_at,
        occurred_at=None,
        visitor=Visitor(),
        call=None,
        chat=None,
        manager=Manager(),
        managers=[],
        page=Page(),
        utm=Utm(),
        ids=Ids(),
        custom_data=None,
        extra={},
        warnings=[reason],
    )
