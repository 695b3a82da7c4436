"""Copies the pages that docs/mkdocs.yml names to where the site is built of them.

    python -m docs.generate.site FOLDER

FOLDER gets `mkdocs.yml` and `pages/`, laid out as the repository is: links between pages hold in
both. A link to a file that is no page becomes one to the repository.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from posixpath import normpath

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docs" / "mkdocs.yml"
ASSETS = ("docs/images/*.png", "docs/*.svg", "docs/*.json", "docs/*.d.ts")

_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#]+)(#[^)]*)?(?=\))")


def pages() -> list[str]:
    """Return the pages of the site by their paths in the repository, in the order of the menu."""
    return re.findall(r"[\w./-]+\.md$", CONFIGURATION.read_text("utf-8"), re.MULTILINE)


def repository() -> str:
    """Return the repository's address."""
    (found,) = re.findall(r'href="([^"]+)"', CONFIGURATION.read_text("utf-8"))
    return str(found)


def write(folder: Path) -> None:
    """Make the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    assets = [path.relative_to(ROOT).as_posix() for glob in ASSETS for path in ROOT.glob(glob)]
    there = {*pages(), *assets}
    for name in there:
        copy = folder / "pages" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if name in assets:
            shutil.copy(ROOT / name, copy)
        else:
            text = plain((ROOT / name).read_text("utf-8"))
            copy.write_text(outward(text, name, there), "utf-8")
    shutil.copy(CONFIGURATION, folder)


def plain(text: str) -> str:
    """Return a page's text without what is for others: our names of blocks, Cloud Shell's tags."""
    text = re.sub(r"^( *```\w+) \w+$", r"\1", text, flags=re.MULTILINE)  # `json message`
    return text.replace("<walkthrough-project-id/>", "my-project-123")


def outward(text: str, name: str, there: set[str]) -> str:
    """Return a page's text with links to what is not on the site made links to the repository."""

    def linked(match: re.Match[str]) -> str:
        target = normpath(str(PurePosixPath(name).parent / match[1]))
        if target in there:
            return match[0]
        return f"{repository()}/blob/HEAD/{target}{match[2] or ''}"

    return outside_fences(text, lambda part: _LINK.sub(linked, part))


def outside_fences(text: str, change: Callable[[str], str]) -> str:
    """Return a page's text changed where it is no code block."""
    end, parts = 0, []
    for fence in _FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
