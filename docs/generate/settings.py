"""docs/settings.md: the table of settings."""

from __future__ import annotations

from docs.generate import put
from envybox.settings import SETTINGS


def filled(text: str) -> str:
    """Return the page's text with the settings that there are."""
    rows = (
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} "
        f"| {setting.meaning} |"
        for setting in SETTINGS
    )
    table = "\n".join(("| name | default | meaning |", "|---|---|---|", *rows))
    return put(text, "<!-- settings -->\n", table, "\n<!-- /settings -->")
