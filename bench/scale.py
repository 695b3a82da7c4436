"""Simulate the receiver at a rate of webhooks.

    python -m bench.scale --rate 100 --spike 10 --outage 3600 --plot docs/scale.svg
    python -m bench.scale --table

The model is in bench/scale_model.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.scale_model import World, simulate
from bench.scale_plot import plot

_KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


def table(world: World, rates: Sequence[float] = (10, 100, 1_000, 10_000, 100_000)) -> str:
    """Return what becomes of the world at these rates, with enough instances allowed."""
    lines = [
        "| webhooks/s | instances | wait for one, p50 / p99 | spooled | refused | at its limit |",
        "|---:|---:|---:|---:|---:|---|",
    ]
    for rate in rates:
        out = simulate(msgspec.structs.replace(world, rate=float(rate)))
        lines.append(
            f"| {rate:,.0f} | {out.instances:,} | {out.wait_p50:.1f} / {out.wait_p99:.1f} s "
            f"| {out.spooled / out.arrived:.1%} | {out.refused / out.arrived:.1%} "
            f"| {'; '.join(out.limits) or '–'} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the outcome of one world, or the table of several rates."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    for field in msgspec.structs.fields(World):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, default=field.default, help=f"default: {field.default}")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--table", action="store_true", help="10 to 100,000 webhooks a second")
    output.add_argument("--plot", type=Path, help="write the run as a picture (SVG)")
    options = vars(parser.parse_args(arguments))
    picture, many = options.pop("plot"), options.pop("table")
    try:
        world = msgspec.convert(options, World, strict=False)
    except msgspec.ValidationError as error:
        wrong, _, name = str(error).partition(" - at `$.")
        for kind, words in _KINDS.items():
            wrong = wrong.partition(", got")[0].replace(f"Expected `{kind}`", f"give {words}")
        parser.error(f"--{name.rstrip('`').replace('_', '-')}: {wrong}")
    if many:
        print(table(world))
        return
    out = simulate(world)
    print(
        f"{out.arrived:,} webhooks: {out.spooled:,} spooled, {out.refused:,} refused (429); "
        f"{out.instances} instances at most; wait for one p50 {out.wait_p50:.1f} s, "
        f"p99 {out.wait_p99:.1f} s; at its limit: {', '.join(out.limits) or 'nothing'}"
    )
    if world.outage:
        gone = "not in this time" if out.drained_after is None else f"{out.drained_after:,.0f} s"
        print(f"the spool is empty after the outage: {gone}")
    if picture:
        try:
            picture.write_text(plot(out, world), "utf-8")
        except OSError as error:
            parser.error(f"--plot: {error}. Name a file in a folder that is there.")


if __name__ == "__main__":
    main()
