"""The strict gateway's rules in docs/reliability.md."""

from __future__ import annotations

from docs.generate import put
from tests.gateway.rules import FIRESTORE, PUBSUB


def filled(text: str) -> str:
    """Return docs/reliability.md with the rules that there are."""
    return put(text, "<!-- rules -->\n", _table(), "<!-- /rules -->")


def _table() -> str:
    """Return the rules as a Markdown table."""
    rows = ["| API | rule | else | source |", "|---|---|---|---|"]
    for api, rules in (("Firestore", FIRESTORE), ("Pub/Sub", PUBSUB)):
        for rule in rules:
            host = rule.source.split("/")[2]
            rows.append(f"| {api} | {rule.says} | {rule.status.name} | [{host}]({rule.source}) |")
    return "\n".join(rows) + "\n"
