"""What subscribers keep of their turns (`once`), without the data of a person that is erased.

A turn that is kept under the person's own phone or address goes. Of all others, which are kept
under the id of an event or a call, what the subscriber left in `result` goes: that the event was
done stays, so that a message that comes again does not bring the person back.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from envybox.errors import Unavailable
from envybox.event import Event
from envybox.operator.place import Place
from envybox.subscriber.keepers import Entry

_MOST_VALUES = 30  # of a query of Firestore's
_NOTHING = "null"


def forget(place: Place, events: Iterable[Event]) -> int:
    """Forget what is kept of these events; return of how many turns. Raises `Unavailable`."""
    ids, own = set(), set()
    for event in events:
        visitor = event.visitor
        ids.add(event.id)
        own |= {visitor.phone, visitor.phone_text, visitor.email, visitor.id} - {None}
    if place.is_local:
        return _in_file(Path(place.settings.local_path).with_name("once.db"), ids, own)
    return sum(1 for _ in _in_firestore(place, ids, own))


def _is_own(key: str, own: Collection[str | None]) -> bool:
    """Whether a turn is kept under the person's: `crm#+79000000000`."""
    return key.partition("#")[2] in own


def _in_file(path: Path, ids: set[str], own: set[str | None]) -> int:
    if not path.exists():
        return 0
    forgotten = 0
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")  # no subscriber takes or ends a turn meanwhile
            for key, blob in db.execute("SELECT key, entry FROM once").fetchall():
                entry = msgspec.json.decode(blob, type=Entry)
                if _is_own(key, own):
                    db.execute("DELETE FROM once WHERE key = ?", (key,))
                elif entry.result != _NOTHING and ids.intersection(entry.done):
                    bare = msgspec.json.encode(msgspec.structs.replace(entry, result=_NOTHING))
                    db.execute("UPDATE once SET entry = ? WHERE key = ?", (bare, key))
                else:
                    continue
                forgotten += 1
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise Unavailable(f"{path}: {error}") from error
    return forgotten


def _in_firestore(place: Place, ids: set[str], own: set[str | None]) -> Iterator[Any]:
    from google.cloud import firestore
    from google.cloud.firestore_v1.base_query import FieldFilter

    from envybox.operator.firestore import translated

    with translated(place.project):
        client: Any = firestore.Client(project=place.project, database=place.settings.database)
        with contextlib.closing(client):
            kept = [one for one in client.collections() if f"{one.id}-".startswith("once-")]
            for collection in kept:
                for first in range(0, len(ids), _MOST_VALUES):
                    some = sorted(ids)[first : first + _MOST_VALUES]
                    which = FieldFilter("done", "array_contains_any", some)
                    for turn in collection.where(filter=which).stream():
                        if _is_own(unquote(turn.id), own):
                            turn.reference.delete()
                        elif turn.to_dict().get("result", _NOTHING) != _NOTHING:
                            turn.reference.update({"result": _NOTHING})
                        else:
                            continue
                        yield turn
