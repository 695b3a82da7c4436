"""docs/google-calls.md: what our calls to Google carry, beside the official clients'."""

from __future__ import annotations

import re

from docs.generate import put
from tests.google.parity import EVENT, REASONS, Compared, compared, differing

_VERSION = re.compile(r"\d+(\.\d+)*")
_PLATFORM = re.compile(r" \(.*\)")


def filled(text: str) -> str:
    """Return the page with every call made anew, by both."""
    return put(text, "<!-- calls -->\n", _table(compared()), "<!-- /calls -->")


def _table(calls: list[Compared]) -> str:
    """Return the calls and their headers as a Markdown table, and the reasons below it."""
    rows = ["| call | header | official client | ours | why |", "|---|---|---|---|---|"]
    reasons = list(dict.fromkeys(REASONS.values()))
    for one in calls:
        method = one.ours.path.rpartition("/")[2]
        for name in sorted({*one.ours.headers, *one.official.headers}):
            official, ours = (_shown(side.headers.get(name)) for side in (one.official, one.ours))
            why = ""
            if name in differing(one):
                why = f"({reasons.index(REASONS[one.api, name]) + 1})"
            else:
                ours = "the same"
            rows.append(f"| {one.name}: `{method}` | `{name}` | {official} | {ours} | {why} |")
    rows += ["", *(f"{number}. {text}." for number, text in enumerate(reasons, 1))]
    return "\n".join(rows) + "\n"


def _shown(value: str | None) -> str:
    """Return a header's value without what differs from one day or machine to another."""
    if value is None:
        return "–"
    return f"`{_VERSION.sub('…', _PLATFORM.sub('', value).replace(EVENT.id, 'ID'))}`"
