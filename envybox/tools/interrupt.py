"""Ctrl-C, `kill` and a closed terminal: one KeyboardInterrupt, never while a process starts."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt:
    """Makes a KeyboardInterrupt of the first signal; those after it are dropped.

    What the first one began to end is not cut short by another.
    """

    def __init__(self) -> None:
        self._held = False
        self._came = False

    def install(self) -> None:
        """Handle the signals from now on. For the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep a signal back until the end, where it is raised.

        For starting a process: interrupted half-way, nobody would know of it.
        """
        self._held = True
        before = self._came
        try:
            yield
        finally:
            self._held = False
        if self._came and not before:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            if not self._held:
                raise KeyboardInterrupt


INTERRUPT = Interrupt()
