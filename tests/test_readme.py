from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme import README, filled

ROOT = README.parent


def test_generated_parts() -> None:
    """The README's tables and examples are what the code does (`python -m tests.readme`)."""
    text = README.read_text("utf-8")
    assert filled(text) == text


PAGES = sorted([README, *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """What a page links to in the project is there."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_make_targets() -> None:
    """The `make` commands that the README names exist."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set() == set(re.findall(r"`?make ([a-z]+)", README.read_text("utf-8"))) - targets
