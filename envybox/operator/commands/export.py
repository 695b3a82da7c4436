"""`envybox export`: writes events to a file."""

from __future__ import annotations

from pathlib import Path

import click

from envybox.errors import EnvyboxError
from envybox.operator.group import Command
from envybox.operator.options import filtered
from envybox.operator.place import Place, say
from envybox.operator.tables import WRITERS
from envybox.ports.lookup import Filters, scan


@click.command(cls=Command, example="envybox export leads.xlsx --since 30d")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@filtered
@click.option(
    "--format", "kind", type=click.Choice(list(WRITERS)), help="Else the file's name tells it."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def export(place: Place, *, filters: Filters, file: Path, kind: str | None, force: bool) -> None:
    """Write events to a file: xlsx for Excel, csv, jsonl or parquet.

    In xlsx all is text, so that long ids keep their digits and nothing is a formula. CSV is in
    UTF-8 with a byte order mark; a cell that would be a formula begins with an apostrophe. One
    line of jsonl has all that is stored. Parquet needs `pip install pyarrow`.
    """
    kind = kind or file.suffix.lstrip(".").lower()
    if kind not in WRITERS:
        raise click.UsageError(f"{file.name} tells no format: --format {'|'.join(WRITERS)}.")
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already: --force writes over it.")
    lookup = place.lookup()
    if not place.is_local:
        say(f"This reads {lookup.count(filters).number:,} documents.")
    try:
        number = WRITERS[kind](file, scan(lookup, filters), place)
    except OSError as error:
        raise EnvyboxError(f"{file}: {error.strerror}") from error
    say(f"{number:,} events in {file}.")
