"""`Once`: do something once for each event, though Pub/Sub delivers it at least once.

A run takes the key before it acts, and keeps what it left when it has acted. Whoever comes
meanwhile is told that another is at it (`InProgress`: fail, and the message comes again);
whoever comes afterwards gets what was left. A run that fails gives the key back. One that is
killed keeps it until its lock runs out; then the next may take it over, and is told so.

What it cannot promise: between the act and its record there is a moment. A run that is killed
in it has acted, and nobody can know: the next run acts again, with `turn.repeats` true. Where
the other side can be asked (a CRM's search by your own id), ask it then.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import msgspec

from envybox.errors import EnvyboxError, InProgress, TurnLost
from envybox.event import Event
from envybox.subscriber.keepers import Entry, Found, Keeper

LOCK = timedelta(seconds=70)
"""A function's time-out (60 s by default) and 10 s more."""

KEEP = timedelta(days=31)
"""As long as Pub/Sub can keep a message, so that none outlives the memory of it."""

MOST_DONE = 100
"""How many events of one subject are remembered, the latest."""

MAX_RESULT = 100_000
"""The most that `turn.result` may have, as JSON, in bytes."""

_TRIES = 5

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Turn:
    """A run's turn.

    - `done`: this very event was done before; pass it by
    - `repeats`: a run before this one took the key and never said how it ended: what it was
      to do may have been done
    - `result`: what the run before left (JSON), else None; set it to leave something
    """

    def __init__(self, *, done: bool, repeats: bool, result: Any) -> None:
        self.done = done
        self.repeats = repeats
        self.result = result


class Once:
    """Turns by key, for one subscriber.

    - `name`: the subscriber's, so that two of them can share a keeper
    - `lock`: no run may last longer than this, or two may act at once: give the function's
      time-out and some seconds more
    - `keep`: how long it is remembered what was done; an event that comes again later than
      that is done again
    """

    def __init__(
        self, keeper: Keeper, *, name: str, lock: timedelta = LOCK, keep: timedelta = KEEP
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"name={name!r}: it takes up to 100 letters, digits and `_.-`")
        self._keeper = keeper
        self._name = name
        self._lock = lock
        self._keep = keep

    @contextmanager
    def __call__(self, event: Event | str) -> Iterator[Turn]:
        """Take the turn of an event, or of a key of your own: "tell this once".

        A replay of what was done is done, unless it says that it is to be done again.
        Raises `InProgress`; `Unavailable` where the keeper cannot be reached; and, after the
        act, `TurnLost` or `Unavailable` where it could not be recorded.
        """
        key = event if isinstance(event, str) else event.key
        with self._turn(key, key) as turn:
            yield turn

    @contextmanager
    def subject(self, event: Event, *, key: str | None = None) -> Iterator[Turn]:
        """Take the turn of what the event is about: "one lead of one call".

        That is `event.subject`, or a `key` of your own where it is given and not empty: with
        `key=event.visitor.phone` it is one lead of one person. Events of one subject run one
        after another. Each has its turn once, and finds in `turn.result` what the one before
        it left. Raises as a turn of an event does.

        An event is to have the same key each time: under another it is new.
        """
        with self._turn(key or event.subject or event.key, event.key) as turn:
            yield turn

    @contextmanager
    def _turn(self, key: str, act: str) -> Iterator[Turn]:
        key = f"{self._name}#{key}"
        before, mine, version = self._take(key, act)
        result = msgspec.json.decode(before.result)
        if version is None:
            yield Turn(done=True, repeats=False, result=result)
            return
        turn = Turn(done=False, repeats=bool(mine.doubt), result=result)
        try:
            yield turn
        except BaseException:
            # The act's error is the one to tell; a key that is not given back runs out.
            with suppress(EnvyboxError):
                self._give_back(key, before, mine, version)
            raise
        self._complete(key, mine, version, turn.result)

    def _take(self, key: str, act: str) -> tuple[Entry, Entry, Any]:
        """Return the entry before, the run's own and its version, None where the act is done."""
        before = Entry(token="")
        mine = Entry(
            token=secrets.token_hex(16), running=act, lock_seconds=self._lock.total_seconds()
        )
        version = self._keeper.create(key, mine, keep=self._keep)
        for _ in range(_TRIES):
            if version is not None:
                return before, mine, version
            found = self._keeper.read(key)
            if found is None:  # given back since
                before = Entry(token="")
                version = self._keeper.create(key, mine, keep=self._keep)
            elif found.entry.token == mine.token:  # taken, and the answer was lost
                version = found.version
            else:
                before = self._before(found)
                if act in before.done:
                    return before, before, None
                if before.running:
                    raise InProgress(f"{self._name}: another run has this key now")
                mine = msgspec.structs.replace(
                    mine, done=before.done, doubt=before.doubt, result=before.result
                )
                version = self._keeper.replace(key, mine, found.version, keep=self._keep)
        raise InProgress(f"{self._name}: other runs are faster")

    def _before(self, found: Found) -> Entry:
        """Return an entry as it is by now: forgotten, or its run given up for lost."""
        entry = found.entry
        if found.age > self._keep:
            return Entry(token="")
        if entry.running and found.age >= timedelta(seconds=entry.lock_seconds):
            doubt = [*entry.doubt, entry.running]
            return msgspec.structs.replace(entry, running="", doubt=list(dict.fromkeys(doubt)))
        return entry

    def _give_back(self, key: str, before: Entry, mine: Entry, version: Any) -> None:
        if before.done or before.doubt:
            entry = msgspec.structs.replace(before, token=mine.token)
            self._keeper.replace(key, entry, version, keep=self._keep)
        else:
            self._keeper.delete(key, version)

    def _complete(self, key: str, mine: Entry, version: Any, result: Any) -> None:
        text, problem = _as_json(result)
        entry = msgspec.structs.replace(
            mine,
            running="",
            done=[*mine.done, mine.running][-MOST_DONE:],
            doubt=[act for act in mine.doubt if act != mine.running],
            result=text,
        )
        if self._keeper.replace(key, entry, version, keep=self._keep) is None:
            found = self._keeper.read(key)
            if found is None or found.entry != entry:  # else the answer alone was lost
                raise TurnLost(f"{self._name}: longer than its lock, and another run began it")
        if problem:
            raise TypeError(f"turn.result {problem}: it was kept as null")


def _as_json(result: Any) -> tuple[str, str]:
    """Return JSON text and '', or `null` and what is wrong: the act is done all the same."""
    try:
        text = msgspec.json.encode(result).decode()
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        return "null", f"is not JSON ({type(error).__name__})"
    if len(text.encode()) > MAX_RESULT:
        return "null", f"has over {MAX_RESULT} bytes"
    return text, ""
