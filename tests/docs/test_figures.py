"""The measured figures that other pages repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate import figures

RELIABILITY = """\
| Firestore | hangs | 12 | 10 | 12 | 11 | 3 | 1.61 s |
| killed | before the mark | 4 | 4 | 4 | 3 | 1 | 0.03 s |
| **all** | 2 faults | **16** | **14** | **16** | **14** | **4** | **1.61 s** |
"""
PERFORMANCE = """\
| one client, p50 | 3.71 ms | floor 2.53 | 1.47 | ≤ 1.2 | **missed** |
| one client, p50 | 3.71 ms | naive 18.8 | 0.20 | ≤ 0.25 | met |
| refusing a wrong key, 8 connections | 5,444 requests/s | hello 1,396 | 3.90 | ≥ 0.8 | met |
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pages of known figures in the place of the real ones."""
    (tmp_path / "reliability.md").write_text(RELIABILITY, "utf-8")
    (tmp_path / "performance.md").write_text(PERFORMANCE, "utf-8")
    monkeypatch.setattr(figures, "_DOCS", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("pages")
def test_what_the_faults_come_to() -> None:
    """The lines are added up; what one lost, another with more than its share does not hide."""
    expected = figures.Faults(faults=2, sent=16, acknowledged=14, lost=1, longest_seconds=1.61)
    assert expected == figures.faults()


@pytest.mark.usefixtures("pages")
def test_a_figure_beside_a_peer() -> None:
    """A line is found by its figure and the peer, thousands and all."""
    assert figures.Measured(3.71, "ms", 18.8, 0.2) == figures.measured("one client, p50", "naive")
    refusing = figures.measured("refusing a wrong key, 8 connections", "hello")
    assert figures.Measured(5444, "requests/s", 1396, 3.9) == refusing


def test_a_figure_that_is_not_there(pages: Path) -> None:
    """What the page does not have is an error that names it, never an empty place."""
    with pytest.raises(ValueError, match="no line 'one client, p99' beside 'naive'"):
        figures.measured("one client, p99", "naive")
    (pages / "reliability.md").write_text("", "utf-8")
    with pytest.raises(ValueError, match="has no table of faults"):
        figures.faults()


def test_the_real_pages_have_them() -> None:
    """The real pages have a table of faults, none of which lost a webhook, and the cold start."""
    total = figures.faults()
    assert 0 == total.lost
    assert 0 < total.acknowledged <= total.sent
    assert 0 < figures.measured("cold start to the first 200", "naive").ratio
