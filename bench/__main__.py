"""Run benchmarks: `python -m bench [NAME …]`; `--help` tells of the options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bench import (
    cold_start,
    console,
    end_to_end,
    growth,
    limits,
    memory,
    normalization,
    recovery,
    refusals,
    report,
    speed,
)
from bench.figures import FULL, QUICK, Effort, Figure

BENCHMARKS: dict[str, Callable[[Effort], list[Figure]]] = {
    "near": speed.near,
    "far": speed.far,
    "recovery": recovery.measure,
    "end-to-end": end_to_end.measure,
    "cold-start": cold_start.measure,
    "memory": memory.measure,
    "refusals": refusals.measure,
    "normalization": normalization.measure,
    "limits": limits.measure,
    "growth": growth.measure,
    "console": console.compare,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the named benchmarks, or all, and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    help_ = f"of: {', '.join(BENCHMARKS)}; without any, all"
    parser.add_argument("name", nargs="*", choices=[*BENCHMARKS, []], help=help_)
    parser.add_argument("--quick", action="store_true", help="a few seconds each: do they work?")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--rounds", type=int, help=f"how many; else {FULL.rounds}")
    help_ = "another checkout, whose receiver takes turns with this one's"
    parser.add_argument("--against", default="", metavar="CHECKOUT", help=help_)
    options = parser.parse_args(arguments)
    effort = replace(QUICK if options.quick else FULL, before=options.against)
    if options.rounds:
        effort = replace(effort, rounds=options.rounds)
    names = options.name or list(BENCHMARKS)
    if options.write:
        try:
            report.check(names, report.DOCUMENT)
        except ValueError as error:
            parser.error(str(error))
    tables = {}
    for name in names:
        figures = BENCHMARKS[name](effort)
        made = report.sizes(figures) if name == "growth" else report.table(figures)
        print(f"{name}\n\n{made}\n", flush=True)
        tables[name] = f"{made}\n\n{report.measured(effort)}"
    if options.write:
        report.write(tables, report.DOCUMENT)


if __name__ == "__main__":
    main()
