"""The README's figures, from the pages that hold them: docs/reliability.md, docs/performance.md."""

from __future__ import annotations

import re
from pathlib import Path

from docs.generate import put

DOCS = Path(__file__).parents[1]

_FAULT = r"^\| (?!\*\*)[^|]+ \| [^|]+ \| \d+ \| (\d+) \| (\d+) \| (\d+) \| \d+ \| ([\d.]+) s \|$"


def filled(text: str) -> str:
    """Return the README's text with the figures of today's pages."""
    rows = (*faults((DOCS / "reliability.md").read_text("utf-8")), *_speed())
    table = "\n".join(("| measured | |", "|---|---|", *rows))
    return put(text, "<!-- figures -->\n", table, "\n<!-- /figures -->")


def faults(page: str) -> tuple[str, ...]:
    """Return what the fault suite's table comes to. Raises `ValueError` where there is none."""
    rows = re.findall(_FAULT, page, re.MULTILINE)
    if not rows:
        raise ValueError("docs/reliability.md has no table of faults: make reliability")
    acknowledged, lost, longest = 0, 0, 0.0
    for answered, stored, published, seconds in rows:
        acknowledged += int(answered)
        lost += max(0, int(answered) - min(int(stored), int(published)))
        longest = max(longest, float(seconds))
    return (
        f"| faults that were tried, of Firestore, Pub/Sub and processes | {len(rows)} |",
        f"| webhooks that were acknowledged in them | {acknowledged:,} |",
        f"| of these lost | {lost:,} |",
        f"| the longest answer | {longest:.2f} s |",
    )


def _speed() -> tuple[str, ...]:
    page = (DOCS / "performance.md").read_text("utf-8")
    speed, faster = measured(page, "8 connections")
    cpu, share = measured(page, "CPU a request, 8 connections")
    start, shorter = measured(page, "cold start to the first 200")
    return (
        f"| under load, on two cores for all | {speed}: {faster} times the tutorials' way |",
        f"| CPU a webhook | {cpu}: {share} of that way's |",
        f"| cold start to the first answer | {start}: {shorter} of that way's |",
    )


def measured(page: str, figure: str) -> tuple[str, str]:
    """Return a figure with its unit, and its ratio to the tutorials' way (`naive`)."""
    row = re.search(rf"^\| {figure} \| ([^|]+) \| naive [^|]+ \| ([\d.]+) \|", page, re.MULTILINE)
    if not row:
        raise ValueError(f"docs/performance.md does not measure {figure!r} against naive")
    return row[1], row[2]
