"""Fills the README's generated parts: `python -m tests.readme`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from envybox.receiver import message
from envybox.settings import SETTINGS
from envybox.types import TYPES, topic_of
from tests.samples import HELP_PAGE, event_of

README = Path(__file__).parents[1] / "README.md"


def filled(text: str) -> str:
    """Return the README's text with its tables and examples as they are now."""
    event = event_of(HELP_PAGE, received_at=datetime(2026, 11, 22, 6, 46, 0, 123456, tzinfo=UTC))
    published = message.of_event(event)
    data = json.dumps(json.loads(published.data), ensure_ascii=False, indent=2)
    attributes = json.dumps(published.attributes, ensure_ascii=False, indent=2)
    text = _block(text, "```text in\n", "&".join("=".join(pair) for pair in HELP_PAGE), "\n```")
    text = _block(text, "```json message\n", data, "\n```")
    text = _block(text, "```json attributes\n", attributes, "\n```")
    types = (
        f"| {'any other, none' if row.webhooktype is None else row.webhooktype} | `{row.type}` "
        f"| `{topic_of('envybox-', row.type)}` | {row.title} |"
        for row in TYPES
    )
    text = _block(text, "<!-- types -->\n", "\n".join(types), "\n<!-- /types -->")
    settings = (
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} "
        f"| {setting.meaning} |"
        for setting in SETTINGS
    )
    return _block(text, "<!-- settings -->\n", "\n".join(settings), "\n<!-- /settings -->")


def _block(text: str, start: str, content: str, end: str) -> str:
    pattern = re.escape(start) + r".*?" + re.escape(end.removeprefix("\n"))
    filled_text, count = re.subn(
        pattern, lambda _: start + content + end, text, count=1, flags=re.DOTALL
    )
    assert 1 == count, f"the README has no {start!r}"
    return filled_text


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
