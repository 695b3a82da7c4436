"""Tables of figures, and their place in docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.client import ROOT
from bench.figures import Effort, Figure

DOCUMENT = ROOT / "docs" / "performance.md"
_LIBRARIES = (
    "functions-framework",
    "google-cloud-firestore",
    "google-cloud-pubsub",
    "grpcio",
    "uvloop",
    "httptools",
)
_MACHINE = "machine"
_PLACE = re.compile(r"<!-- ([\w-]+) -->\n(.*?)<!-- end -->", re.DOTALL)


def table(figures: Sequence[Figure]) -> str:
    """Return figures as a Markdown table."""
    lines = [
        "| figure | receiver | peer | ratio | goal | |",
        "|---|---:|---|---:|---:|---|",
    ]
    for figure in figures:
        peer = "" if figure.theirs is None else f"{figure.peer} {_number(figure.theirs)}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        goal = "" if figure.goal is None else f"{'≤' if figure.at_most else '≥'} {figure.goal:g}"
        met = {True: "met", False: "**missed**", None: ""}[figure.met]
        ours = f"{_number(figure.ours)} {figure.unit}"
        lines.append(f"| {figure.name} | {ours} | {peer} | {ratio} | {goal} | {met} |")
    return "\n".join(lines)


def sizes(figures: Sequence[Figure]) -> str:
    """Return figures that have no goals, and whose peer is the first of their row."""
    lines = ["| | cost | to the first of the row |", "|---|---:|---:|"]
    lines += [
        f"| {figure.name} | {_number(figure.ours)} {figure.unit} | {figure.ratio or 1:.2f} |"
        for figure in figures
    ]
    return "\n".join(lines)


def check(names: Collection[str], document: Path) -> None:
    """Raise `ValueError` where these tables cannot be written into a document.

    All of its tables are of one machine, with one set of versions: some alone may not change
    what is said of the others.
    """
    there = places(document.read_text("utf-8"))
    missing = [name for name in (*names, _MACHINE) if name not in there]
    if missing:
        raise ValueError(f"{document} has no place for the table {', '.join(missing)}")
    others = [name for name in there if name not in (*names, _MACHINE)]
    if others and there[_MACHINE] != machine() + "\n":
        raise ValueError(
            f"{document} has tables of another machine or of other versions: "
            f"measure them anew too ({', '.join(others)})"
        )


def write(tables: Mapping[str, str], document: Path) -> None:
    """Put each table, and what it was measured on, between its two markers in a document.

    Raises as `check`.
    """
    check(tables, document)
    contents = {**tables, _MACHINE: machine()}

    def place(found: re.Match[str]) -> str:
        name, old = found.groups()
        new = f"{contents[name]}\n" if name in contents else old
        return f"<!-- {name} -->\n{new}<!-- end -->"

    document.write_text(_PLACE.sub(place, document.read_text("utf-8")), "utf-8")


def measured(effort: Effort) -> str:
    """Return when a table was measured, and how: of now, just after it was."""
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {_commit()}, at a load average of "
        f"{os.getloadavg()[1]:.1f}. Rounds: {effort.rounds}."
    )


def machine() -> str:
    """Return what it was measured on, in general terms."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} ({platform.machine()}); "
        f"Python {platform.python_version()}, {', '.join(libraries)}."
    )


def places(text: str) -> dict[str, str]:
    """Return what a document has between its markers, by name."""
    return dict(_PLACE.findall(text))


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
