"""The embedded backend: store and publisher in one SQLite file, with Google's guarantees.

Durable before an answer, safe with several threads and processes, killed at any point.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from envybox.errors import SettingsError
from envybox.local.backend import LocalBackend
from envybox.settings import Settings

NAME = "ENVYBOX_LOCAL_PATH"


def open_backend(settings: Settings) -> tuple[LocalBackend, LocalBackend]:
    """Return the store and the publisher, which are one.

    The file is looked at, its directory made where it is missing; it is opened by the
    first call. Raises `SettingsError` where it cannot be used.
    """
    if sqlite3.sqlite_version_info < (3, 35):  # generated columns that can be dropped
        raise SettingsError(
            "ENVYBOX_BACKEND",
            f"`local` needs SQLite 3.35 or later; this Python's is {sqlite3.sqlite_version}.",
        )
    path = Path(settings.local_path).absolute()
    try:
        problem = _problem(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(NAME, f"{str(path)!r} cannot be used: {reason}.") from error
    if problem:
        raise SettingsError(NAME, f"{str(path)!r} {problem}.")
    backend = LocalBackend(str(path))
    return backend, backend


def _problem(path: Path) -> str | None:
    # Visitors' names and phones: not for the other users of the machine.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_dir():
        return "is a directory: it takes a file's path"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return "cannot be used: its directory cannot be written to"
    if path.exists():
        if not os.access(path, os.R_OK | os.W_OK):
            return "cannot be read and written"
        with path.open("rb") as file:
            if file.read(16) not in (b"", b"SQLite format 3\0"):
                return "is not a database: it takes a SQLite file, or a path where none is yet"
    return None
