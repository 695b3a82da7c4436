"""The documents as a site: what is copied for it, and the site as it is built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.generate import site
from tests.docs.documents import DOCUMENTS, ROOT


def test_every_page_is_in_the_menu() -> None:
    """A page that nobody put into the menu would not be on the site; none stands there twice."""
    menu = site.pages()
    assert sorted(set(menu)) == sorted(menu)
    assert set(DOCUMENTS) == set(menu)


def test_links_that_leave_the_site() -> None:
    """A link to a file of the repository becomes its address there; code is left alone."""
    there = {"docs/a.md", "docs/b.md", "README.md"}
    text = (
        "[b](b.md#x) [home](../README.md) [code](../envybox/event.py#L3) [w](https://w.example)\n"
    )
    code = "```sh\necho '[code](../envybox/event.py)'\n```\n"
    made = site.outward(text + code, "docs/a.md", there)
    address = f"{site.repository()}/blob/HEAD/envybox/event.py#L3"
    assert made == text.replace("../envybox/event.py#L3", address) + code


def test_what_is_for_others_is_left_out() -> None:
    """A block keeps its language alone, and a command has a project's id for Cloud Shell's tag."""
    text = "```json message\n{}\n```\nmake deploy PROJECT=<walkthrough-project-id/>\n"
    assert "```json\n{}\n```\nmake deploy PROJECT=my-project-123\n" == site.plain(text)


class Page(HTMLParser):
    """What a page of the site has: anchors, links to other pages, and what it fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.fetched += [given["src"]] if "src" in given else []
        if tag == "link" and given.get("rel") not in {"canonical", "next", "prev", "edit"}:
            self.fetched.append(given.get("href", ""))


NO_PAGE = Page("")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The site, built strictly: path → page."""
    program = os.environ.get("ZENSICAL", str(ROOT / ".venv-site" / "bin" / "zensical"))
    if not shutil.which(program):
        missing = f"{program} was not found: `make site` installs it, or name it in ZENSICAL"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    folder = tmp_path_factory.mktemp("site")
    site.write(folder)
    command = [program, "build", "--strict"]
    plain = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=folder, env=plain, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    html = folder / "html"
    return {
        path.relative_to(html).as_posix(): Page(path.read_text("utf-8"))
        for path in html.rglob("*.html")
    }


@pytest.mark.site
def test_each_page_is_built(built: dict[str, Page]) -> None:
    """The site has each page of the menu, and the README is where it begins."""
    for name in site.pages():
        made = name.replace("README.md", "index.md").removesuffix(".md") + ".html"
        assert made in built, name


@pytest.mark.site
def test_markdown_is_read_as_it_is_meant(built: dict[str, Page]) -> None:
    """No fence, list or table is left as text: each stands as both Markdowns take it.

    A list has a blank line before it, a block within a list four spaces.
    """
    for name, page in built.items():
        assert "```" not in page.text, name
        assert not re.search(r"<p>[^<]*(<(?!/p)[^>]*>[^<]*)*\n([-*]|\d+\.) ", page.text), name
        assert "|---" not in page.text, name


@pytest.mark.site
def test_links_of_the_site(built: dict[str, Page]) -> None:
    """Each link within the site leads to a page that there is, and to a place in it."""
    dead = []
    for name, page in built.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or name == "404.html":
                continue
            path = os.path.normpath(Path(name).parent / unquote(parts.path))
            target = built.get(path if parts.path else name, NO_PAGE)
            if unquote(parts.fragment) not in {"", *target.anchors} or (
                path.endswith(".html") and target is NO_PAGE
            ):
                dead.append(f"{name}: {link}")
    assert [] == dead


@pytest.mark.site
def test_nothing_is_fetched_from_elsewhere(built: dict[str, Page]) -> None:
    """A page of the site makes the browser ask no other host for scripts, styles or pictures."""
    foreign = {
        (name, url) for name, page in built.items() for url in page.fetched if urlsplit(url).netloc
    }
    assert set() == foreign
