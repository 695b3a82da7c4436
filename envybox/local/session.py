"""Work on the file, transaction by transaction: what is run together, what an error means."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from envybox.errors import Rejected, Unavailable
from envybox.local.database import connect, is_busy, tidy

TIDY_SECONDS = 60
"""How often to look for what has expired."""

READ = "BEGIN"
WRITE = "BEGIN IMMEDIATE"  # takes the write lock first: reading and then writing may fail


class Call(NamedTuple):
    """A piece of SQLite work. Whoever waits for `future` cancels it to give up."""

    work: Callable[[sqlite3.Connection], Any]
    begin: str
    future: Future[Any]


class Session:
    """One connection to the file, opened when it is needed. Belongs to one thread."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._tidy_at = 0.0

    def run(self, calls: list[Call]) -> list[Call]:
        """Run the calls, those of a kind in one transaction, and settle their futures.

        Returns those that are to be tried again because another process holds the file:
        nothing of them was done.
        """
        calls = [call for call in calls if not call.future.cancelled()]
        if self._db is not None and self._identity() != self._opened:
            # SQLite would go on writing to a file that nobody can ever open again. Closing
            # is no way out: it deletes the log beside the path, which may be the new file's.
            for call in calls:
                settle(call, error=Unavailable("the file was removed: start the process again"))
            return []
        again = self._transaction([call for call in calls if call.begin == READ])
        again += self._transaction([call for call in calls if call.begin == WRITE])
        if not again:
            self._tidy()
        return again

    def close(self) -> None:
        """Close the file; what was not committed is rolled back."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _transaction(self, calls: list[Call]) -> list[Call]:
        if not calls:
            return []
        try:
            done = self._done(calls)
        except Exception as error:  # noqa: BLE001 - the caller's, whatever it is, not the thread's
            if is_busy(error):
                if self._db is not None:
                    self._db.rollback()
                return calls
            self.close()  # rolls back, and a connection that is out of order is made anew
            if len(calls) > 1:  # one may have failed for its own reason: each by itself
                return [again for call in calls for again in self._transaction([call])]
            settle(calls[0], error=meaning(error))
        else:
            for call, result in done:
                settle(call, result)
        return []

    def _done(self, calls: list[Call]) -> list[tuple[Call, Any]]:
        """Run calls of a kind in one transaction; return those that were run, with results."""
        if self._db is None:
            self._db = connect(str(self._path))
            self._opened = self._identity()
        if self._opened is None:
            raise Unavailable("the file was removed while it was opened")
        self._db.execute(calls[0].begin)
        # To open the file and to get its lock took its time: what was given up meanwhile is
        # not done, for nobody would be told.
        done = [(call, call.work(self._db)) for call in calls if not call.future.cancelled()]
        self._db.execute("COMMIT")
        return done

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_dev, stat.st_ino)

    def _tidy(self) -> None:
        if self._db is None or time.monotonic() < self._tidy_at:
            return
        more = False
        with contextlib.suppress(sqlite3.Error):  # it will be tried again
            more = tidy(self._db, datetime.now(UTC))
        self._tidy_at = time.monotonic() + (0 if more else TIDY_SECONDS)


def settle(call: Call, result: Any = None, *, error: Exception | None = None) -> None:
    """Give a call its result or its error, unless it was given up."""
    with contextlib.suppress(InvalidStateError):
        if error is None:
            call.future.set_result(result)
        else:
            call.future.set_exception(error)


def meaning(error: Exception) -> Exception:
    """Return the error of the ports that an error of SQLite's stands for, or else itself."""
    if isinstance(error, (sqlite3.DataError, UnicodeError)):  # too big; not UTF-8
        translated: Exception = Rejected(type(error).__name__)
    elif isinstance(error, sqlite3.Error):
        translated = Unavailable(getattr(error, "sqlite_errorname", type(error).__name__))
    else:
        return error
    translated.__cause__ = error
    return translated
