"""Where the commands work: a project, its emulators, or the embedded backend's file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import click

from envybox.errors import SettingsError

if TYPE_CHECKING:  # not for --help, which has to be there at once
    from envybox.ports.lookup import Lookup
    from envybox.settings import Settings


class Place:
    """One place, told on standard error when it is first used."""

    def __init__(self, given: Mapping[str, str | None]) -> None:
        """`given`: settings by name that options set; the environment has the others."""
        self._given = {name: text for name, text in given.items() if text is not None}
        self._settings: Settings | None = None

    def give(self, name: str, text: str) -> None:
        """Take a setting that an option sets, before any is used."""
        self._given[name] = text

    @property
    def settings(self) -> Settings:
        """The settings, checked. Raises `SettingsError`."""
        if self._settings is None:
            from envybox import settings

            self._settings = settings.load({**os.environ, **self._given})
        return self._settings

    @property
    def is_local(self) -> bool:
        """Whether it is the embedded backend."""
        return self.settings.backend == "local"

    @property
    def is_emulated(self) -> bool:
        """Whether it is Google's emulators."""
        return not self.is_local and bool(_emulators())

    @property
    def project(self) -> str:
        """The project's id. Raises `SettingsError` where none is named."""
        if not self.settings.project:
            raise SettingsError(
                "GOOGLE_CLOUD_PROJECT",
                "no project is named: `envybox --project my-project …`, "
                "or `envybox --backend local …` for the file of `make run`.",
            )
        return self.settings.project

    @property
    def name(self) -> str:
        """What it is called: `project my-project`, `emulators: …`, `embedded: PATH`."""
        if self.is_local:
            return f"embedded: {self.settings.local_path}"
        if self.is_emulated:
            return f"emulators: {' '.join(_emulators())}, project {self.project}"
        return f"project {self.project}, database {self.settings.database}"

    def tell(self) -> None:
        """Say where the command works, before it does."""
        say(self.name)

    def lookup(self) -> Lookup:
        """Return the events that are stored there."""
        self.tell()
        if self.is_local:
            from envybox.local.lookup import SqliteLookup

            return SqliteLookup(self.settings.local_path)
        from envybox.operator.firestore import FirestoreLookup

        return FirestoreLookup(self.project, self.settings.database, self.settings.collection)

    def time(self, at: datetime | None) -> str:
        """Return a time as text in the project's zone, to the second; '' for None."""
        return f"{at.astimezone(self.settings.timezone):%Y-%m-%d %H:%M:%S}" if at else ""


def _emulators() -> list[str]:
    hosts = (os.environ.get(f"{one}_EMULATOR_HOST", "") for one in ("FIRESTORE", "PUBSUB"))
    return list(filter(None, hosts))


def say(text: str) -> None:
    """Write a line for the person: on standard error, as the data has standard output."""
    click.echo(text, err=True)


def in_terminal() -> bool:
    """Tell whether a person looks at standard error, to whom progress can be drawn."""
    return sys.stderr.isatty()
