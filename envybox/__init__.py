"""Receives Envybox webhooks: verified, normalized, stored, published; and serves who subscribes.

Here is the ground that all stand on: the event and its types, settings, errors. `receiver`
is the deployed function; `ports` says what a backend does, and `google` and `local` are the
backends; `subscriber` is for functions behind the topics, and `testing` for their tests;
`tools` is for who develops it, and is no part of the deployed function.

The names below are the public ones. To import the package loads nothing else of it: each
name brings its module when it is asked for (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envybox.errors import (
        EnvyboxError,
        InProgress,
        NewerSchema,
        NoStory,
        NotAnEvent,
        TurnLost,
        Unavailable,
    )
    from envybox.event import Event
    from envybox.subscriber.keepers.firestore import FirestoreKeeper
    from envybox.subscriber.keepers.memory import MemoryKeeper
    from envybox.subscriber.keepers.sqlite import SQLiteKeeper
    from envybox.subscriber.lookup import Stories
    from envybox.subscriber.once import Once, Turn
    from envybox.subscriber.read import read_event
    from envybox.subscriber.stories import CallStory, ChatStory, VisitorStory, story

_HOMES = {
    "errors": (
        "EnvyboxError",
        "InProgress",
        "NewerSchema",
        "NoStory",
        "NotAnEvent",
        "TurnLost",
        "Unavailable",
    ),
    "event": ("Event",),
    "subscriber.keepers.firestore": ("FirestoreKeeper",),
    "subscriber.keepers.memory": ("MemoryKeeper",),
    "subscriber.keepers.sqlite": ("SQLiteKeeper",),
    "subscriber.lookup": ("Stories",),
    "subscriber.once": ("Once", "Turn"),
    "subscriber.read": ("read_event",),
    "subscriber.stories": ("CallStory", "ChatStory", "VisitorStory", "story"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022  # by what they are for
    "read_event",
    "Event",
    "Once",
    "Turn",
    "FirestoreKeeper",
    "SQLiteKeeper",
    "MemoryKeeper",
    "story",
    "Stories",
    "CallStory",
    "ChatStory",
    "VisitorStory",
    "EnvyboxError",
    "NotAnEvent",
    "NewerSchema",
    "NoStory",
    "InProgress",
    "TurnLost",
    "Unavailable",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'envybox' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"envybox.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
