"""What the look-up cannot do, and what it says then."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError

from envybox.errors import Rejected, Unaskable, Unavailable
from envybox.event import Visitor
from envybox.local.lookup import SqliteLookup
from envybox.operator import firestore
from envybox.ports.lookup import Filters, scan
from tests.operator.worlds import World, an_event, ids


@pytest.mark.emulator
def test_a_page_ends_where_nothing_shows(emulated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter without an index does not read for ever: the page ends, and can be gone on with."""
    odd = [an_event(seconds=n, phone="none") for n in (0, 5)]
    emulated.put(*odd, *(an_event(seconds=n) for n in range(1, 5)))
    monkeypatch.setattr(firestore, "LOOKED_AT", 2)
    lookup = emulated.lookup()
    listing = lookup.page(Filters(warnings=True), limit=2)
    assert ids(odd[1:]) == ids(listing.events)
    assert listing.cursor
    assert ids(reversed(odd)) == ids(scan(lookup, Filters(warnings=True), page=2))
    counted = lookup.count(Filters(warnings=True))
    assert (6, False) == (counted.number, counted.exact)


@pytest.mark.emulator
def test_too_many_alike(emulated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would have to be sorted here has an end, which is told."""
    emulated.put(an_event(), an_event())
    monkeypatch.setattr(firestore, "MOST_ALIKE", 1)
    with pytest.raises(Unaskable, match="too many"):
        emulated.lookup().page(Filters(visitor="662654972"))


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (exceptions.FailedPrecondition("index"), Unaskable, "index_times = false"),
        (exceptions.PermissionDenied("missing"), Unavailable, "roles/datastore.viewer"),
        (exceptions.Unauthenticated("who"), Unavailable, "refuses you"),
        (exceptions.ServiceUnavailable("down"), Unavailable, "down"),
        (exceptions.RetryError("slow", None), Unavailable, "slow"),
        (DefaultCredentialsError("none"), Unavailable, "application-default login"),
    ],
)
def test_errors_say_what_to_do(error: Exception, expected: type[Exception], text: str) -> None:
    """An error of Google's client is told in our words."""
    with pytest.raises(expected, match=text), firestore.translated("my-project"):
        raise error


def _spoil(world: World, event_id: str, **fields: Any) -> None:
    """Change a document by hand."""
    if world.is_local:
        with sqlite3.connect(world.settings.local_path) as db:
            db.execute("UPDATE events SET event = '{}' WHERE id = ?", (event_id,))
        db.close()
        return
    client = world.by_hand()
    client.collection("events").document(event_id).update(fields)
    client.close()


def test_changed_by_hand(world: World) -> None:
    """A document that is no event any more shows its head, and says so."""
    event, fields = an_event()
    world.put((event, fields))
    _spoil(world, event.id, visitor=7, raw=None, publish="x")
    found = world.lookup().get(event.id)
    assert found is not None
    assert ["the document does not read as an event"] == [w.reason for w in found.event.warnings]
    assert (event.id, "shop", event.received_at) == (
        found.event.id,
        found.event.account,
        found.event.received_at,
    )


def test_no_file(tmp_path: Path) -> None:
    """To look for events makes no file where none is."""
    path = tmp_path / "envybox.db"
    with pytest.raises(Unavailable, match="is not there"):
        SqliteLookup(str(path)).page(Filters())
    assert not path.exists()


def test_no_database(tmp_path: Path) -> None:
    """A file that is no database is told."""
    path = tmp_path / "envybox.db"
    path.write_text("text " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        SqliteLookup(str(path)).page(Filters())


def test_an_event_that_cannot_be_kept(local: World) -> None:
    """A rewrite that UTF-8 cannot hold is refused, and changes nothing."""
    event, fields = an_event()
    local.put((event, fields))
    lookup = local.lookup()
    found = lookup.get(event.id)
    assert found is not None
    with pytest.raises(Rejected):
        lookup.rewrite(found, msgspec.structs.replace(event, visitor=Visitor(name="\ud800")))
    assert found == lookup.get(event.id)
    lookup.close()
