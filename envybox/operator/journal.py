"""A replay's journal: which events it is of, and which of them are done.

A file of lines, written as it goes on: first what the replay is, then the id of each event in
their order, then `+` and the id of each that was done. So a replay that was interrupted, or
killed, goes on where it was. It has no personal data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from envybox.errors import SettingsError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay is: its name, where from, to which URL or (None) the topics; `again`."""

    name: str
    place: str
    to: str | None = None
    again: bool = False


class Journal:
    """The journal of one replay."""

    def __init__(self, path: Path, plan: Plan, ids: list[str], done: set[str]) -> None:
        self.plan = plan
        self._path = path
        self._ids = ids
        self._done = done
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    @property
    def total(self) -> int:
        """How many events the replay is of."""
        return len(self._ids)

    @property
    def left(self) -> list[str]:
        """The ids of those that are not done, in their order."""
        return [id_ for id_ in self._ids if id_ not in self._done]

    def done(self, ids: Iterable[str]) -> None:
        """Note that events are done."""
        new = list(ids)
        self._done.update(new)
        # One write, past all buffers: what is killed now has noted it.
        os.write(self._file, "".join(f"+{id_}\n" for id_ in new).encode())

    def close(self) -> None:
        """Close the file; where all is done there is nothing to go on with, and it goes."""
        os.close(self._file)
        if not self.left:
            self._path.unlink()


def start(plan: Plan, ids: list[str]) -> Journal:
    """Begin a replay. Raises `SettingsError` where one of this name was left unfinished."""
    path = _path(plan.name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        raise SettingsError(
            "--name",
            f"a replay {plan.name!r} is not finished: `envybox replay --resume {plan.name}`, "
            f"or remove {path}.",
        )
    unfinished = path.with_suffix(".new")  # in its place at once, or not at all
    unfinished.write_text("\n".join([msgspec.json.encode(plan).decode(), *ids, ""]))
    unfinished.replace(path)
    return Journal(path, plan, ids, set())


def resume(name: str) -> Journal:
    """Go on with a replay. Raises `SettingsError` where there is none of this name."""
    path = _path(name)
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.replay"))
        raise SettingsError(
            "--resume",
            f"there is no unfinished replay {name!r} ({', '.join(known) or 'none at all'}).",
        )
    head, *lines = path.read_text().splitlines()
    plan = msgspec.json.decode(head, type=Plan)
    ids = [line for line in lines if not line.startswith("+")]
    return Journal(path, plan, ids, {line[1:] for line in lines if line.startswith("+")})


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            "--name", f"{name!r} cannot be used: it takes letters, digits, `.`, `-` and `_`."
        )
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "envybox" / "replays" / f"{name}.replay"
