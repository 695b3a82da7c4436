from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import put, site
from docs.generate.pages import PAGES, ROOT
from tests.docs.documents import DOCUMENTS


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


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links(name: str) -> None:
    """What a page links to in the project is there, down to the section."""
    page, dead = ROOT / name, []
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", DOCUMENTS[name]):
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


def test_the_front_door_is_short() -> None:
    """The README is read in one go, and shows how to run and how to test."""
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 150
    assert "\nmake run\n" in text
    assert "\nmake test\n" in text


def test_the_repository_is_named_in_one_way() -> None:
    """Where a page has to name the project's own repository, it is the one of docs/mkdocs.yml."""
    own = r"(?:cloudshell_git_repo=|git::)(https://[\w.-]+/[\w.-]+/[\w-]+)"
    named = [url for text in DOCUMENTS.values() for url in re.findall(own, text)]
    assert len(named) > 1
    assert {site.repository()} == set(named)
