"""A subscriber that is killed at random: `python -m tests.subscriber.killed FOLDER SEED`.

Reads keys, a line each, does them once, and says `done KEY` or `again KEY`. What it does is a
line in a file: the key, and whether the run knew that it may repeat.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from envybox import InProgress, Once, SQLiteKeeper

CHANCE = 0.02


class Mortal:
    """A keeper that now and then kills its process, before a call or after it."""

    def __init__(self, keeper: SQLiteKeeper, chance: random.Random) -> None:
        self._keeper = keeper
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            maybe_die(self._chance)
            result = getattr(self._keeper, name)(*arguments, **named)
            maybe_die(self._chance)
            return result

        return call


def maybe_die(chance: random.Random) -> None:
    """Kill this process, rarely, as the system would: nothing more is run."""
    if chance.random() < CHANCE:
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, seed: str) -> None:
    """Do what is read from standard input."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    keeper = Mortal(SQLiteKeeper(folder / "once.db"), chance)
    once = Once(keeper, name="test", lock=timedelta(seconds=0.5))
    acts = os.open(folder / "acts", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for line in sys.stdin:
        key = line.strip()
        try:
            with once(key) as turn:
                if not turn.done:
                    os.write(acts, f"{key} {'repeats' if turn.repeats else 'first'}\n".encode())
            answer = "done"
        except InProgress:
            answer = "again"
        sys.stdout.write(f"{answer} {key}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
