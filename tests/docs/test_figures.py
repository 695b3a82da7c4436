"""The measured figures that other pages repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate import figures

RELIABILITY = """\
| killed | before the mark | 1 | 1 | 1 | 1 | 1 | 0.03 s |
| **all** | 60 faults | **2,821** | **2,422** | **2,487** | **2,486** | **142** | **2.61 s** |
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
def test_the_totals_of_the_faults() -> None:
    """The last line of the table becomes numbers, each under its name."""
    expected = figures.Faults(
        faults=60,
        longest_seconds=2.61,
        sent=2821,
        acknowledged=2422,
        stored=2487,
        published=2486,
        repeated=142,
    )
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
    with pytest.raises(ValueError, match="has no line of totals"):
        figures.faults()


def test_the_real_pages_have_them() -> None:
    """What was acknowledged was stored, and what was stored was published, in the real pages."""
    total = figures.faults()
    assert total.acknowledged <= total.stored == total.published <= total.sent
    assert 1 > figures.measured("cold start to the first 200", "naive").ratio
