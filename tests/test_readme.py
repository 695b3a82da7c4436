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


PAGES = sorted([README, *(ROOT / "docs").glob("*.md"), ROOT / "terraform" / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    """What a page links to in the project is there, down to the section."""
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert [] == dead


def _anchors(page: Path) -> list[str]:
    """Return a page's anchors as GitHub makes them of its headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_make_targets() -> None:
    """The `make` commands that the README names exist."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set() == set(re.findall(r"`?make ([a-z]+)", README.read_text("utf-8"))) - targets
