from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from envybox.operator.tables import WRITERS
from tests.operator.console.support import CALL, FORM, Client, Store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of one's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_list_as_a_file(store: Store, client: Client, folder: Path) -> None:
    """What the list shows, and nothing else, is downloaded; no copy of it stays on the disk."""
    store.add(FORM | {"name": "=HYPERLINK(1)"})
    event = store.add(CALL)
    answer = client.get("/events/export.csv?type=call.info")
    assert 'attachment; filename="events.csv"' == answer.headers["content-disposition"]
    assert event in answer.text
    assert "HYPERLINK" not in answer.text
    assert "'=HYPERLINK" in client.get("/events/export.csv").text
    assert 2 == len(client.get("/events/export.jsonl").text.splitlines())
    assert zipfile.is_zipfile(io.BytesIO(client.get("/events/export.xlsx").content))
    assert [] == list(folder.iterdir())


def test_a_file_that_cannot_be_made_leaves_nothing(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that fails half-way leaves no half of visitors' data behind."""

    def fail(path: Path, *_: object) -> int:
        path.write_text("half")
        raise OSError("no space")

    monkeypatch.setitem(WRITERS, "csv", fail)
    with pytest.raises(OSError, match="no space"):
        client.get("/events/export.csv")
    assert [] == list(folder.iterdir())


def test_another_format_is_none(client: Client) -> None:
    """A format that the console does not make is told."""
    assert 404 == client.get("/events/export.parquet").status_code
    assert 400 == client.get("/events/export.csv?period=x").status_code
