"""That the benchmarks work: each is run for a few seconds, and its figures are not judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import BENCHMARKS, main
from bench.figures import Figure
from envybox.tools.emulators import MissingComponent

_WITHOUT_EMULATORS = {"refusals", "normalization", "growth", "console"}


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


def document_of(tmp_path: Path, machine: str = "") -> Path:
    """Return a document that has places for two tables and, if any, an old machine."""
    document = tmp_path / "performance.md"
    document.write_text(
        "before\n<!-- near -->\nold near\n<!-- end -->\n<!-- far -->\nold far\n<!-- end -->\n"
        f"between\n<!-- machine -->\n{machine}<!-- end -->\nafter\n"
    )
    return document


def test_report(tmp_path: Path) -> None:
    """The tables are written between their markers, and the rest of the document stays."""
    document = document_of(tmp_path, report.machine() + "\n")
    report.write({"near": "new \\1"}, document)
    assert (
        "before\n<!-- near -->\nnew \\1\n<!-- end -->\n<!-- far -->\nold far\n<!-- end -->\n"
        f"between\n<!-- machine -->\n{report.machine()}\n<!-- end -->\nafter\n"
    ) == document.read_text("utf-8")


def test_report_of_another_machine(tmp_path: Path) -> None:
    """What was measured elsewhere is not told as of here: all tables are written, or none."""
    document = document_of(tmp_path, "a larger one\n")
    with pytest.raises(ValueError, match="far"):
        report.write({"near": "new"}, document)
    assert "old near" in document.read_text("utf-8")
    report.write({"near": "new near", "far": "new far"}, document)
    assert f"<!-- machine -->\n{report.machine()}\n<!-- end -->" in document.read_text("utf-8")


def test_report_without_a_place(tmp_path: Path) -> None:
    """A table that the document has no place for is told before it is measured."""
    with pytest.raises(ValueError, match="limits"):
        report.check(["near", "limits"], document_of(tmp_path))


def test_document() -> None:
    """docs/performance.md has a place for each benchmark, and each says when it was measured."""
    report.check(BENCHMARKS, report.DOCUMENT)
    places = report.places(report.DOCUMENT.read_text("utf-8"))
    measured = {name for name, table in places.items() if "\n\nMeasured 20" in table}
    assert set(BENCHMARKS) == measured == set(places) - {"machine"}


def test_write_that_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could not be written in the end is refused before it is measured."""
    monkeypatch.setattr(report, "DOCUMENT", document_of(tmp_path, "a larger one\n"))
    with pytest.raises(SystemExit):
        main(["near", "--write"])
    assert "measure them anew too (far)" in capsys.readouterr().err
