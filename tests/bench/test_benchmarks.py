"""That the benchmarks work: each is run for a few seconds, and its figures are not judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import BENCHMARKS, main
from bench.figures import QUICK, Figure
from envybox.tools.emulators import MissingComponent

_WITHOUT_EMULATORS = {"refusals", "normalization", "growth"}


@pytest.mark.parametrize(
    "name",
    [
        name if name in _WITHOUT_EMULATORS else pytest.param(name, marks=pytest.mark.emulator)
        for name in BENCHMARKS
    ],
)
def test_benchmark(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends, and prints a table with a row for each of its figures."""
    try:
        main([name, "--quick"])
    except MissingComponent as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    title, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert name == title
    assert len(rows) > 2
    assert {"|"} == {row[0] for row in rows}


def test_figure() -> None:
    """A figure's ratio is held against its goal, from whichever side the goal is."""
    slower = Figure(name="x", unit="ms", ours=3, peer="naive", theirs=10, goal=0.25)
    faster = Figure(name="x", unit="1/s", ours=30, peer="naive", theirs=10, goal=3, at_most=False)
    alone = Figure(name="x", unit="µs", ours=100, goal=150)
    assert [False, True, True] == [slower.met, faster.met, alone.met]
    assert [0.3, 3.0, None] == [slower.ratio, faster.ratio, alone.ratio]


def test_report(tmp_path: Path) -> None:
    """The tables are written between their markers, and the rest of the document stays."""
    document = tmp_path / "performance.md"
    document.write_text(
        "before\n<!-- near -->\nold\n<!-- end -->\nbetween\n<!-- machine -->\n<!-- end -->\nafter\n"
    )
    report.write({"near": "new"}, QUICK, document)
    text = document.read_text("utf-8")
    assert text.startswith("before\n<!-- near -->\nnew\n<!-- end -->\nbetween\n<!-- machine -->\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "Python" in text


def test_report_without_a_place(tmp_path: Path) -> None:
    """A table that the document has no place for is told, not dropped."""
    document = tmp_path / "performance.md"
    document.write_text("<!-- machine -->\n<!-- end -->\n")
    with pytest.raises(ValueError, match="near"):
        report.write({"near": "new"}, QUICK, document)
