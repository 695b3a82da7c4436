"""Events as a table, in the formats that spreadsheets and programs read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from envybox.errors import EnvyboxError
from envybox.event import Call, Chat, Ids, Manager, Page, Utm, Visitor
from envybox.operator.place import Place
from envybox.operator.safe import cell
from envybox.operator.show import as_json
from envybox.operator.whole import whole
from envybox.ports.lookup import Found

Writer = Callable[[Path, Iterable[Found], Place], int]
"""Writes events to a file; returns how many."""

MOST_ROWS = 1_048_575
"""Excel's limit, less the head: https://support.microsoft.com/office/1672b34d"""

_MOST_CHARACTERS = 32_767  # of Excel's cell
_HEAD = ("id", "type", "webhooktype", "account", "received_at", "occurred_at", "publish.state")
_PARTS: dict[str, type[msgspec.Struct]] = {
    "visitor": Visitor,
    "call": Call,
    "chat": Chat,
    "manager": Manager,
    "page": Page,
    "utm": Utm,
    "ids": Ids,
}
_AS_JSON = ("managers", "custom_data", "extra", "warnings")
COLUMNS = (
    *_HEAD,
    *(f"{part}.{name}" for part, kind in _PARTS.items() for name in kind.__struct_fields__),
    *_AS_JSON,
)
"""The columns' names: the paths in the event. Lists and what is free are JSON text."""


def rows(events: Iterable[Found], place: Place) -> Iterator[list[str | None]]:
    """Yield a row of texts for each event; times are UTC."""
    for found in events:
        event = whole(found, place.settings)
        values: dict[str, Any] = {
            **{name: getattr(event, name) for name in (*_HEAD[:-1], *_AS_JSON)},
            "publish.state": found.publish.state,
        }
        for part in _PARTS:
            below = getattr(event, part)
            if below is not None:
                values |= {
                    f"{part}.{name}": getattr(below, name) for name in below.__struct_fields__
                }
        yield [_text(values.get(name)) for name in COLUMNS]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode().strip('"')


def write_csv(file: Path, events: Iterable[Found], place: Place) -> int:
    """Write CSV in UTF-8 with a byte order mark, for Excel to know it."""
    number = 0
    with file.open("w", encoding="utf-8-sig", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(COLUMNS)
        for row in rows(events, place):
            writer.writerow([cell(text or "") for text in row])
            number += 1
    return number


def write_jsonl(file: Path, events: Iterable[Found], _place: Place) -> int:
    """Write one object a line, with all that is stored."""
    number = 0
    with file.open("w", encoding="utf-8") as output:
        for found in events:
            output.write(as_json(found) + "\n")
            number += 1
    return number


def write_xlsx(file: Path, events: Iterable[Found], place: Place) -> int:
    """Write a workbook in which each cell is text."""
    import xlsxwriter  # type: ignore[import-untyped] # it has no types

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    number = 0
    with xlsxwriter.Workbook(str(file), options) as book:
        sheet = book.add_worksheet("Envybox")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name)
        for row in rows(events, place):
            if number == MOST_ROWS:
                raise EnvyboxError(
                    f"Excel takes {MOST_ROWS:,} rows: choose fewer events, or --format csv."
                )
            number += 1
            for column, text in enumerate(row):
                if text:
                    sheet.write_string(number, column, text[:_MOST_CHARACTERS])
    return number


def write_parquet(file: Path, events: Iterable[Found], place: Place) -> int:
    """Write Parquet, all columns as text."""
    try:
        import pyarrow as pa  # type: ignore[import-untyped] # it has no types
        from pyarrow import parquet
    except ImportError as error:
        raise EnvyboxError("Parquet needs its library: pip install pyarrow") from error
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    number = 0
    with parquet.ParquetWriter(file, schema) as writer:
        batch: list[list[str | None]] = []

        def flush() -> None:
            columns = [list(column) for column in zip(*batch, strict=True)]
            writer.write_table(pa.table(columns, schema=schema))
            batch.clear()

        for row in rows(events, place):
            batch.append(row)
            number += 1
            if len(batch) == 1000:
                flush()
        if batch:
            flush()
    return number


WRITERS: dict[str, Writer] = {
    "xlsx": write_xlsx,
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
