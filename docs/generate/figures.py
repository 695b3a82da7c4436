"""The figures that were measured, read from the pages that the runs write them into.

docs/reliability.md (`make reliability`) and docs/performance.md (`make bench`) have them; a page
that repeats one takes it from here, so that it says what the last run found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_DOCS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Faults:
    """The totals of the fault tests. All but the first two are counts of webhooks or events."""

    faults: int
    """Kinds of faults, each a line of the table."""
    longest_seconds: float
    """The longest that any answer took."""
    sent: int
    acknowledged: int
    """Answered 2xx."""
    stored: int
    published: int
    """Events with at least one message."""
    repeated: int
    """Messages beyond an event's first."""


@dataclass(frozen=True)
class Measured:
    """A line of docs/performance.md: the receiver beside a peer, in the same run."""

    value: float
    """The receiver's, in `unit`."""
    unit: str
    peer: float
    """The peer's, in the same unit."""
    ratio: float
    """`value` by `peer`."""


def faults() -> Faults:
    """Return the totals of docs/reliability.md.

    Raises `ValueError` where the page has none.
    """
    count = r" \*\*([\d,]+)\*\* \|"
    pattern = rf"^\| \*\*all\*\* \| (\d+) faults \|{count * 5} \*\*([\d.]+) s\*\* \|$"
    total = re.search(pattern, _text("reliability.md"), re.MULTILINE)
    if not total:
        raise ValueError("docs/reliability.md has no line of totals")
    kinds, *counts, longest = (cell.replace(",", "") for cell in total.groups())
    return Faults(int(kinds), float(longest), *map(int, counts))


def measured(figure: str, peer: str) -> Measured:
    """Return a figure of docs/performance.md by its name and the peer's (`naive`, `hello`, …).

    Raises `ValueError` where the page has no such line.
    """
    number = r"([\d,.]+)"
    pattern = rf"^\| {re.escape(figure)} \| {number} (\S+) \| {peer} {number} \| {number} \|"
    line = re.search(pattern, _text("performance.md"), re.MULTILINE)
    if not line:
        raise ValueError(f"docs/performance.md has no line {figure!r} beside {peer!r}")
    value, unit, beside, ratio = line.groups()
    return Measured(_number(value), unit, _number(beside), _number(ratio))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _text(page: str) -> str:
    return (_DOCS / page).read_text("utf-8")
