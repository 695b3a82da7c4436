from __future__ import annotations

from pathlib import Path

from docs.generate.events import filled
from envybox.types import TYPES

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_page_is_true() -> None:
    """docs/events.md has the fields and examples that there are (`make docs`)."""
    text = PAGE.read_text("utf-8")
    assert filled(text) == text


def test_each_type_has_its_example() -> None:
    """Each type that has a number is shown as received, as event and as message."""
    text = PAGE.read_text("utf-8")
    for row in TYPES:
        if row.webhooktype:
            _, _, part = text.partition(f"### {row.type}\n")
            assert ["```text", "```json", "```json"] == [
                line
                for line in part.split("\n### ")[0].splitlines()
                if line[:4] in {"```t", "```j"}
            ]
