"""The README's tables and examples."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from docs.generate import put
from envybox.receiver import message
from envybox.settings import SETTINGS
from envybox.types import TYPES, topic_of
from tests.samples import HELP_PAGE, event_of


def filled(text: str) -> str:
    """Return the README's text with its tables and examples as they are now."""
    event = event_of(HELP_PAGE, received_at=datetime(2026, 11, 22, 6, 46, 0, 123456, tzinfo=UTC))
    published = message.of_event(event)
    data = json.dumps(json.loads(published.data), ensure_ascii=False, indent=2)
    attributes = json.dumps(published.attributes, ensure_ascii=False, indent=2)
    text = put(text, "```text in\n", "&".join("=".join(pair) for pair in HELP_PAGE), "\n```")
    text = put(text, "```json message\n", data, "\n```")
    text = put(text, "```json attributes\n", attributes, "\n```")
    types = (
        f"| {'any other, none' if row.webhooktype is None else row.webhooktype} | `{row.type}` "
        f"| `{topic_of('envybox-', row.type)}` | {row.title} |"
        for row in TYPES
    )
    text = put(text, "<!-- types -->\n", "\n".join(types), "\n<!-- /types -->")
    settings = (
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} "
        f"| {setting.meaning} |"
        for setting in SETTINGS
    )
    return put(text, "<!-- settings -->\n", "\n".join(settings), "\n<!-- /settings -->")
