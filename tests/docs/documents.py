"""The documents, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted(
        [
            *ROOT.glob("*.md"),
            *(ROOT / "docs").rglob("*.md"),
            *(ROOT / "terraform").glob("*.md"),
            *(ROOT / "examples").rglob("*.md"),
        ]
    )
}
"""Path → text of each page, in both languages."""

_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code: its page, what stands behind its fence (`json message`), its text."""

    page: str
    info: str
    text: str

    @property
    def language(self) -> str:
        """The first word behind the fence; empty where there is none."""
        return self.info.partition(" ")[0]


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of these languages, or all."""
    found = [
        Block(page, match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE))
        for page, text in DOCUMENTS.items()
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


def inline(program: str) -> Iterator[tuple[str, str]]:
    """Yield page and command for what stands in backticks within the text: `make run`."""
    for page, text in DOCUMENTS.items():
        for command in re.findall(rf"(?<!`)`({program} [^`\n]+)`(?!`)", _FENCE.sub("", text)):
            yield page, command
