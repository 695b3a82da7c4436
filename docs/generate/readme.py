"""The README's figures."""

from __future__ import annotations

from docs.generate import figures, put


def filled(text: str) -> str:
    """Return the README's text with the figures of the last runs."""
    return put(text, "<!-- figures -->\n", _table(), "<!-- /figures -->")


def _table() -> str:
    faults = figures.faults()
    load = figures.measured("8 connections", "naive")
    cpu = figures.measured("CPU a request, 8 connections", "naive")
    start = figures.measured("cold start to the first 200", "naive")
    rows = (
        ("kinds of faults that were tried", f"{faults.faults:,}"),
        ("webhooks sent in them", f"{faults.sent:,}"),
        ("of these acknowledged", f"{faults.acknowledged:,}"),
        ("of the acknowledged lost", f"{faults.lost:,}"),
        ("the longest answer among the faults", f"{faults.longest_seconds:.2f} s"),
        ("webhooks a second, two cores for all", _beside(load)),
        ("CPU a webhook", _beside(cpu)),
        ("cold start to the first answer", _beside(start)),
    )
    lines = (f"| {what} | {figure} |" for what, figure in rows)
    return "\n".join(["| measured | |", "|---|---|", *lines]) + "\n"


def _beside(measured: figures.Measured) -> str:
    unit = "" if measured.unit == "requests/s" else f" {measured.unit}"
    return f"{measured.value:g}{unit}; written as tutorials have it: {measured.peer:g}{unit}"
