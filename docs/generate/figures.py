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
    """What the fault tests come to."""

    faults: int
    """Kinds of faults, each a line of the table."""
    sent: int
    """Webhooks."""
    acknowledged: int
    """Of these, answered 2xx."""
    lost: int
    """Of these, not stored or not published, each line by itself."""
    longest_seconds: float
    """The longest that any answer took."""


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
    """Return what the table of docs/reliability.md comes to.

    Raises `ValueError` where the page has none.
    """
    pattern = r"^\| (?!\*\*)[^|]+ \| [^|]+" + r" \| (\d+)" * 5 + r" \| ([\d.]+) s \|$"
    rows = re.findall(pattern, _text("reliability.md"), re.MULTILINE)
    if not rows:
        raise ValueError("docs/reliability.md has no table of faults: make reliability")
    counts = [tuple(map(int, row[:4])) for row in rows]
    return Faults(
        faults=len(rows),
        sent=sum(sent for sent, *_ in counts),
        acknowledged=sum(taken for _, taken, *_ in counts),
        lost=sum(max(0, taken - min(there)) for _, taken, *there in counts),
        longest_seconds=max(float(row[-1]) for row in rows),
    )


def measured(figure: str, peer: str) -> Measured:
    """Return a figure of docs/performance.md by its name and the peer's (`naive`, `hello`, …).

    Raises `ValueError` where the page has no such line.
    """
    number = r"([\d,.]+)"
    pattern = rf"^\| {re.escape(figure)} \| {number} (\S+) \| {peer} {number} \| {number} \|"
    line = re.search(pattern, _text("performance.md"), re.MULTILINE)
    if not line:
        raise ValueError(f"docs/performance.md has no line {figure!r} beside {peer!r}: make bench")
    value, unit, beside, ratio = line.groups()
    return Measured(_number(value), unit, _number(beside), _number(ratio))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _text(page: str) -> str:
    return (_DOCS / page).read_text("utf-8")
