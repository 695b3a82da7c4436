"""Tables of figures, and their place in docs/performance.md."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.client import ROOT
from bench.figures import Effort, Figure

DOCUMENT = ROOT / "docs" / "performance.md"
_LIBRARIES = ("functions-framework", "google-cloud-firestore", "google-cloud-pubsub", "grpcio")
_LOOPS = ("uvloop", "httptools")


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


def write(tables: Mapping[str, str], effort: Effort, document: Path = DOCUMENT) -> None:
    """Put each table, and how it was measured, between its two markers in a document."""
    text = document.read_text("utf-8")
    for name, content in {**tables, "machine": machine(effort)}.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            pattern, lambda m, c=content: f"{m[1]}{c}\n{m[2]}", text, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"{document} has no place for the table {name}")
    document.write_text(text, "utf-8")


def machine(effort: Effort) -> str:
    """Return when and on what it was measured, in general terms."""
    load = os.getloadavg()[2]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    libraries += [
        f"{name} {version(name)}" if importlib.util.find_spec(name) else f"no {name}"
        for name in _LOOPS
    ]
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d}, at commit {_commit()}: {os.cpu_count()} cores, "
        f"{memory:.0f} GB, {platform.system()} ({platform.machine()}), other work on the machine "
        f"as a load average of {load:.1f} tells; Python {platform.python_version()}, "
        f"{', '.join(libraries)}. Rounds: {effort.rounds}, {effort.seconds:g} s a run."
    )


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
