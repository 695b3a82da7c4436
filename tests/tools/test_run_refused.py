"""What `make run` cannot run with."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from envybox.errors import SettingsError
from envybox.local import subscriptions
from envybox.local.database import connect
from envybox.tools import children
from envybox.tools import run as run_module
from envybox.tools.emulators import LOOPBACK
from envybox.tools.options import parse
from envybox.tools.push import Push
from tests.local.support import locked
from tests.tools.support import running


def _refused(tmp_path: Path, *arguments: str, **environ: str) -> str:
    with running(tmp_path, *arguments, **environ) as run:
        assert 1 == run.wait()
    assert 1 == run.output.count("\n"), run.output
    return run.output


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        (["--push=quiz=http://localhost:1"], {}, "lead-quiz, lead-video, unknown, spool"),
        (["--push=lead-quiz"], {}, "PUSH: 'lead-quiz' has no URL"),
        (["--backend=sqlite"], {}, "BACKEND: 'sqlite'"),
        ([], {"ENVYBOX_TIMEZONE": "Moscow"}, "ENVYBOX_TIMEZONE: 'Moscow'"),
        ([], {"ENVYBOX_LOCAL_PATH": "/dev/null/x"}, "ENVYBOX_LOCAL_PATH"),
        ([], {"ENVYBOX_KEYS": "short"}, "ENVYBOX_KEYS: entry 1"),
        ([], {"ENVYBOX_KEYS_FILE": "nowhere"}, "nowhere cannot be read"),
        ([], {"ENVYBOX_LOCAL_PATH": 252 * "x" + ".d"}, "cannot be made: "),
        (["--backend=emulator"], {"JAVA_HOME": "/nowhere"}, "Install"),
    ],
)
def test_refused(tmp_path: Path, arguments: list[str], environ: dict[str, str], told: str) -> None:
    """What it cannot run with is told in one line, with exit status 1."""
    assert told in _refused(tmp_path, *arguments, **environ)


def test_empty_key_file(tmp_path: Path) -> None:
    """A file of keys without a key is told."""
    (tmp_path / "keys").write_text("\n")
    assert "there is no key in keys" in _refused(tmp_path, ENVYBOX_KEYS_FILE="keys")


def test_spoiled_database(tmp_path: Path) -> None:
    """A database that SQLite cannot read is told."""
    (tmp_path / "spoiled.db").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    assert "ENVYBOX_LOCAL_PATH" in _refused(tmp_path, ENVYBOX_LOCAL_PATH="spoiled.db")


def test_held_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that another process holds is told, after a while."""
    monkeypatch.setattr(subscriptions, "WAIT_SECONDS", 0.1)
    path = tmp_path / "held.db"
    connect(str(path)).close()
    spool = Push("envybox-spool", "http://localhost:9/")
    with locked(path), pytest.raises(SettingsError, match=r"held\.db: database is locked"):
        run_module._local(path, [], spool, contextlib.ExitStack())


def test_port_in_use(tmp_path: Path) -> None:
    """A port that somebody listens on is told, with what to do."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        told = _refused(tmp_path, f"--port={port}")
    assert f"PORT: {port} is in use" in told


def test_port_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that this user may not listen on is told as that, with what to do."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(SettingsError, match=r"PORT: 80 is not for this user.*1024 up"):
        run_module._check_port(80)


def test_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed elsewhere, without main.py, it tells where it is to be run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(children, "MAIN", tmp_path / "main.py")
    with pytest.raises(children.ChildFailed, match=r"Run this in a checkout \(`make run`\)"):
        run_module._run(parse([], {}), contextlib.ExitStack())
    assert [] == list(tmp_path.iterdir())


def test_a_console_that_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """The receiver goes on without its console, and says so; one that runs is looked at again."""

    class Page:
        failure: children.ChildFailed | None = None

        def check(self) -> None:
            if self.failure:
                raise self.failure

    page: Any = Page()
    assert page is run_module._checked([page], page)
    assert run_module._checked([page], None) is None
    page.failure = children.ChildFailed("console ended by itself.")
    assert run_module._checked([], page) is None
    assert "goes on without it" in capsys.readouterr().out
