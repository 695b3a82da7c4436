from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from envybox.errors import SettingsError
from envybox.local import database, open_backend
from envybox.local.database import connect
from envybox.settings import load
from tests.local.support import opened, query, record


def _refusal(path: Path | str) -> SettingsError:
    with pytest.raises(SettingsError) as refusal:
        open_backend(load({"ENVYBOX_LOCAL_PATH": str(path)}))
    return refusal.value


def test_nothing_at_opening(tmp_path: Path) -> None:
    """Opening makes the directory, for its owner alone, and neither a file nor a thread."""
    path = tmp_path / "new" / "below" / "envybox.db"
    backend = open_backend(load({"ENVYBOX_LOCAL_PATH": str(path)}))
    assert backend.is_one
    assert backend.store is backend.publisher
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)
    assert [] == list(path.parent.iterdir())
    asyncio.run(backend.close())


def test_for_its_owner_alone(path: Path) -> None:
    """The files hold visitors' names and phones: no other user may read them."""
    db = connect(str(path))
    assert {"-rw-------"} == {stat.filemode(file.stat().st_mode) for file in path.parent.iterdir()}
    db.close()


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the directory at the time of opening, wherever one goes later."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    async def scenario() -> None:
        async with opened(Path("some/envybox.db")) as backend:
            monkeypatch.chdir(tmp_path / "elsewhere")
            await backend.create(record("a"), timeout=5)

    asyncio.run(scenario())
    assert [("a",)] == query(tmp_path / "some" / "envybox.db", "SELECT id FROM events")


def test_existing_file(path: Path) -> None:
    """An empty file and a database are taken."""
    path.touch()

    async def scenario() -> bool:
        async with opened(path) as backend:
            return await backend.create(record("a"), timeout=5)

    assert [True, False] == [asyncio.run(scenario()) for _ in range(2)]


def test_directory(tmp_path: Path) -> None:
    """A directory is refused."""
    assert "is a directory" in str(_refusal(tmp_path))


def test_directory_below_a_file(tmp_path: Path) -> None:
    """A directory that cannot be made is refused, and the reason told."""
    (tmp_path / "file").touch()
    refusal = _refusal(tmp_path / "file" / "below" / "envybox.db")
    assert "ENVYBOX_LOCAL_PATH" == refusal.name
    assert "Not a directory" in str(refusal)


def test_no_path() -> None:
    """A path that no system takes is refused."""
    assert "null" in str(_refusal("a\x00b/c"))


def test_not_a_database(path: Path) -> None:
    """A file of another kind is refused, and left as it was."""
    path.write_text("lead,phone\n" * 10)
    assert "not a database" in str(_refusal(path))
    assert "lead,phone\n" * 10 == path.read_text()


@pytest.mark.parametrize(
    ("refused", "told"), [("directory", "its directory"), ("file", "cannot be read and written")]
)
def test_no_access(path: Path, monkeypatch: pytest.MonkeyPatch, refused: str, told: str) -> None:
    """A file or directory that this user may not write to is refused."""
    path.touch()
    target = {"directory": path.parent, "file": path}[refused]
    allowed = os.access
    # Patched, because tests may run as root, who may do anything.
    monkeypatch.setattr(os, "access", lambda p, mode: p != target and allowed(p, mode))
    assert told in str(_refusal(path))


def test_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose SQLite is too old is told so."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    assert "3.35" in str(_refusal(path))


def test_file_that_is_written_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without a write-ahead log is waited for while another connection writes to it."""
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        connect(str(path), wait=0)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: writer.execute("COMMIT"))
    monkeypatch.setattr(database, "time", clock)
    connect(str(path), wait=30).close()
    writer.close()
