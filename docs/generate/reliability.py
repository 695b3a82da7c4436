"""Run the fault suite and write its figures into docs/reliability.md.

    python -m docs.generate.reliability

The table stands between two markers; all else of the page is left alone. Arguments are
pytest's. Exits as pytest does; where a test fails, nothing is written.
"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from docs.generate import put

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- faults: begin (python -m docs.generate.reliability) -->"
END = "<!-- faults: end -->"
_HEAD = (
    "| what fails | how | sent | 2xx | stored | published | repeated | longest answer |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|\n"
)

_ORDER = ("Firestore", "Pub/Sub", "both", "killed", "none", "SQLite")


class Collector:
    """A pytest plugin that collects the figures which tests record."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the figures of a test that passed."""
        if report.when == "call" and report.passed:
            self.rows += [value for name, value in report.user_properties if name == "figures"]


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as a Markdown table, with a line of totals."""
    rows = sorted(rows, key=lambda row: _ORDER.index(row["backend"]))
    columns = ("sent", "acknowledged", "stored", "published", "repeated")
    lines = [
        f"| {row['backend']} | {row['fault']} | "
        + " | ".join(str(row[column]) for column in columns)
        + f" | {row['longest']:.2f} s |\n"
        for row in rows
    ]
    totals = " | ".join(f"**{sum(row[column] for row in rows):,}**" for column in columns)
    longest = max(row["longest"] for row in rows)
    lines.append(f"| **all** | {len(rows)} faults | {totals} | **{longest:.2f} s** |\n")
    return _HEAD + "".join(lines)


def main(arguments: list[str]) -> int:
    """Run the suite, write the table, return the exit status."""
    collector = Collector()
    status = pytest.main(["tests/faults", "-q", *arguments], plugins=[collector])
    if status == 0 and collector.rows:
        versions = ", ".join(
            f"{name} {version(name)}" for name in ("functions-framework", "grpcio")
        )
        made = f"Made with Python {platform.python_version()}, {versions}, on the emulators.\n\n"
        text = PAGE.read_text("utf-8")
        PAGE.write_text(put(text, BEGIN, f"\n{made}{table(collector.rows)}", END), "utf-8")
        sys.stdout.write(f"{len(collector.rows)} lines written to {PAGE}\n")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
