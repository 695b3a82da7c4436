"""docs/webhook.md: an example of what comes in and what goes out, and the types."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from docs.generate import put
from envybox.receiver import message
from envybox.types import TYPES, topic_of
from tests.samples import HELP_PAGE, event_of


def filled(text: str) -> str:
    """Return the page's text with its example and its table as they are now."""
    event = event_of(HELP_PAGE, received_at=datetime(2026, 11, 22, 6, 46, 0, 123456, tzinfo=UTC))
    published = message.of_event(event)
    data = json.dumps(json.loads(published.data), ensure_ascii=False, indent=2)
    attributes = json.dumps(published.attributes, ensure_ascii=False, indent=2)
    text = put(text, "```text in\n", "&".join("=".join(pair) for pair in HELP_PAGE), "\n```")
    text = put(text, "```json message\n", data, "\n```")
    text = put(text, "```json attributes\n", attributes, "\n```")
    rows = (
        f"| {'any other, none' if row.webhooktype is None else row.webhooktype} | `{row.type}` "
        f"| `{topic_of('envybox-', row.type)}` | {row.title} |"
        for row in TYPES
    )
    table = "\n".join(
        ("| webhooktype | type | topic | what happened |", "|---|---|---|---|", *rows)
    )
    return put(text, "<!-- types -->\n", table, "\n<!-- /types -->")
