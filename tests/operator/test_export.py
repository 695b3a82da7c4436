from __future__ import annotations

import csv
import json
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from envybox.operator import tables
from tests.operator.support import run
from tests.operator.worlds import World, an_event, ids

HOSTILE = '=HYPERLINK("http://example.com")'
LONG_ID = "1700000000000000001"


def _read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def test_csv(world: World, tmp_path: Path) -> None:
    """CSV has a byte order mark, a line an event, and no cell that is a formula."""
    event = an_event(name=HOSTILE, utm_source="@x", yandex_client_id=LONG_ID)
    world.put(event, an_event("the end of an online chat", seconds=1))
    file = tmp_path / "events.csv"
    result = run("export", str(file))
    assert "2 events in" in result.stderr
    assert ("This reads 2 documents." in result.stderr) != world.is_local
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    _, row = _read_csv(file)
    assert event[0].id == row["id"]
    assert ("'" + HOSTILE, "'@x") == (row["visitor.name"], row["utm.source"])
    assert ("+79998887766", LONG_ID) == (row["visitor.phone"], row["ids.yandex_client_id"])
    assert "2026-11-22T06:46:00Z" == row["received_at"]
    assert [{"name": None, "phone": "+79999999999"}] == json.loads(row["managers"])


def test_xlsx(local: World, tmp_path: Path) -> None:
    """In a workbook each cell is text: no formula, no link, and long ids with all digits."""
    local.put(an_event(name=HOSTILE, yandex_client_id=LONG_ID, url="https://example.com/"))
    file = tmp_path / "events.xlsx"
    run("export", str(file))
    with zipfile.ZipFile(file) as book:
        assert not [name for name in book.namelist() if "rels" in name and "sheet" in name]
        sheet = Xml.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - ours
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = list(sheet.iter(f"{space}c"))
    assert {"inlineStr"} == {cell.get("t") for cell in cells}
    assert [] == list(sheet.iter(f"{space}f"))
    texts = {"".join(cell.itertext()) for cell in cells}
    assert {HOSTILE, LONG_ID} <= texts


def test_too_many_rows(local: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than Excel takes is told, not cut off."""
    local.put(an_event(), an_event())
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    assert "Excel takes 1 rows" in run("export", str(tmp_path / "e.xlsx"), status=1).stderr


def test_jsonl(local: World, tmp_path: Path) -> None:
    """A line of jsonl has all that is stored."""
    event = an_event()
    local.put(event)
    file = tmp_path / "events.txt"
    run("export", str(file), "--format", "jsonl")
    [line] = file.read_text("utf-8").splitlines()
    assert event[0].id == json.loads(line)["id"]
    assert [list(pair) for pair in event[1]] == json.loads(line)["raw"]


@pytest.mark.parametrize("number", [0, 3, 1001])
def test_parquet(local: World, tmp_path: Path, number: int) -> None:
    """Parquet has the same columns, all text."""
    parquet = pytest.importorskip("pyarrow.parquet")
    events = [an_event(seconds=n) for n in range(number)]
    local.put(*events) if events else local.put(an_event(site="x"))
    file = tmp_path / "events.parquet"
    run("export", str(file), *(() if events else ("--site", "none")))
    table = parquet.read_table(file)
    assert list(tables.COLUMNS) == table.column_names
    assert ids(reversed(events)) == table["id"].to_pylist()


def test_without_the_library(local: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Parquet's library is not installed, what to install is told."""
    local.put(an_event())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("export", str(tmp_path / "e.parquet"), status=1)
    assert "pip install pyarrow" in result.stderr


def test_files(local: World, tmp_path: Path) -> None:
    """A file that is there is kept, unless it is to go; its name tells the format, or does not."""
    local.put(an_event())
    file = tmp_path / "events.csv"
    file.write_text("mine")
    assert "is there already" in run("export", str(file), status=2).stderr
    assert "mine" == file.read_text()
    run("export", str(file), "--force")
    assert 1 == len(_read_csv(file))
    assert "tells no format" in run("export", str(tmp_path / "x"), status=2).stderr
    missing = str(tmp_path / "no" / "events.csv")
    assert "No such file" in run("export", missing, status=1).stderr
