"""A figure: what the receiver was measured at, against a peer, and the goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import msgspec


class Effort(msgspec.Struct, frozen=True):
    """How long to measure: rounds, seconds a run, seconds that each peer warms up a round.

    `before`: another checkout, whose receiver is measured in turns with this one's.
    """

    rounds: int
    seconds: float
    warmup: float
    before: str = ""


FULL = Effort(rounds=5, seconds=2.0, warmup=20.0)
QUICK = Effort(rounds=1, seconds=0.3, warmup=0.3)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Medians of both sides. `goal` is one of their ratio (of `ours` where there is no peer)."""

    name: str
    unit: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    goal: float | None = None
    at_most: bool = True

    @property
    def ratio(self) -> float | None:
        """Return ours to theirs."""
        return None if self.theirs is None else self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        value = self.ours if self.ratio is None else self.ratio
        return value <= self.goal if self.at_most else value >= self.goal


Samples = dict[str, list[float]]
"""What was measured, by name, a value a run."""


def figure(samples: Samples, name: str, unit: str, ours: str, peer: str, **goal: object) -> Figure:
    """Return the figure of two of the samples."""
    return msgspec.convert(
        {
            "name": name,
            "unit": unit,
            "ours": median(samples[ours]),
            "peer": peer,
            "theirs": median(samples[f"{peer} {ours.partition(' ')[2]}".strip()]),
            **goal,
        },
        Figure,
    )


def there_and_back(runs: Sequence[Callable[[], None]], effort: Effort) -> None:
    """Run all in order and then in the reverse order: what drifts, drifts for all alike.

    Where one round is enough, which proves nothing, there alone.
    """
    for run in (*runs, *reversed(runs)) if effort.rounds > 1 else runs:
        run()
