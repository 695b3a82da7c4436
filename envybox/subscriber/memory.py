"""What a subscriber's function remembers: its turns, and the stories that the receiver stored.

In Firestore, the receiver's database; with `ENVYBOX_BACKEND=local` in files, beside the
receiver's own, to try it on one machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from envybox.settings import SETTINGS
from envybox.subscriber.lookup import Stories
from envybox.subscriber.once import Once


class Memory(NamedTuple):
    """`once` takes turns, `stories` finds the events of a call, a chat or a visitor."""

    once: Once
    stories: Stories


def memory(name: str, environ: Mapping[str, str]) -> Memory:
    """Return the memory of a subscriber, by the receiver's own settings.

    `ENVYBOX_BACKEND`, `GOOGLE_CLOUD_PROJECT`, `ENVYBOX_DATABASE`, `ENVYBOX_COLLECTION`,
    `ENVYBOX_LOCAL_PATH`. `name` tells its turns from another subscriber's; where it is
    deployed under another, `ENVYBOX_SUBSCRIBER` says so: the module of examples/function does.
    """
    name = environ.get("ENVYBOX_SUBSCRIBER") or name
    given = {setting.name: environ.get(setting.name) or setting.default for setting in SETTINGS}
    if given["ENVYBOX_BACKEND"] == "local":
        from envybox.subscriber.keepers.sqlite import SQLiteKeeper

        events = Path(given["ENVYBOX_LOCAL_PATH"])
        keeper = SQLiteKeeper(events.with_name("once.db"))
        return Memory(Once(keeper, name=name), Stories(events))
    from envybox.subscriber.keepers.firestore import FirestoreKeeper

    client = _firestore(given["GOOGLE_CLOUD_PROJECT"] or None, given["ENVYBOX_DATABASE"])
    stories = Stories(client, collection=given["ENVYBOX_COLLECTION"])
    return Memory(Once(FirestoreKeeper(client, collection=f"once-{name}"), name=name), stories)


def _firestore(project: str | None, database: str) -> Any:
    from google.cloud import firestore

    return firestore.Client(project=project, database=database)
