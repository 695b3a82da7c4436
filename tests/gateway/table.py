"""Write the gateway's rules into docs/reliability.md.

python -m tests.gateway.table
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.gateway.rules import FIRESTORE, PUBSUB

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- rules: begin (python -m tests.gateway.table) -->", "<!-- rules: end -->"


def table() -> str:
    """Return the rules as a Markdown table."""
    rows = ["| API | rule | else | source |", "|---|---|---|---|"]
    for api, rules in (("Firestore", FIRESTORE), ("Pub/Sub", PUBSUB)):
        for rule in rules:
            host = rule.source.split("/")[2]
            rows.append(f"| {api} | {rule.says} | {rule.status.name} | [{host}]({rule.source}) |")
    return "\n".join(rows) + "\n"


def put(page: str) -> str:
    """Return the page with the table of the day."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(put(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE} written\n")
