"""The documents with generated parts, and what fills each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.generate import (
    architecture,
    calls,
    cli,
    events,
    examples,
    readme,
    readme_ru,
    rules,
    settings,
    terraform,
    typescript,
    webhook,
)
from envybox import schema

ROOT = Path(__file__).parents[2]

PAGES: dict[str, Callable[[str], str]] = {
    "README.md": readme.filled,
    "docs/webhook.md": webhook.filled,
    "docs/settings.md": settings.filled,
    "docs/architecture.md": architecture.filled,
    "docs/google-calls.md": calls.filled,
    "docs/reliability.md": rules.filled,
    "envybox/examples.json": lambda _: examples.document(),
    "envybox/event.schema.json": lambda _: schema.document(),
    "docs/event.schema.json": lambda _: schema.document(),
    "docs/event.d.ts": lambda _: typescript.document(),
    "docs/events.md": events.filled,
    "docs/cli.md": cli.filled,
    "terraform/README.md": terraform.filled,
    "README.ru.md": readme_ru.filled,
}
"""Path → what takes the page's text and returns it as it should be now."""


def write() -> None:
    """Write all pages anew."""
    for name, filled in PAGES.items():
        page = ROOT / name
        before = page.read_text("utf-8") if page.exists() else ""
        after = filled(before)
        if after != before:
            page.write_text(after, "utf-8")
