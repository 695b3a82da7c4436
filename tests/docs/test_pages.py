from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import put
from docs.generate.pages import PAGES, ROOT

README = ROOT / "README.md"


@pytest.mark.parametrize("name", PAGES)
def test_generated_parts(name: str) -> None:
    """The generated parts of a page are what the code says now (`make docs`)."""
    text = (ROOT / name).read_text("utf-8")
    assert PAGES[name](text) == text


def test_the_rest_of_a_page_is_left_alone() -> None:
    """What stands before and after the markers stays; where they are missing it says so."""
    assert "a<new>b" == put("a<old>b", "<", "new", ">")
    with pytest.raises(ValueError, match="there is no '<'"):
        put("a", "<", "new", ">")


MARKDOWN = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "terraform" / "README.md"]
)


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(ROOT)))
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
