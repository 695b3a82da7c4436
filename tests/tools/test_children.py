from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from envybox.tools import children
from envybox.tools.children import ChildFailed, running
from envybox.tools.emulators import free_port
from tests.tools.support import clean_environ, eventually

_FUNCTION = """
import functions_framework, os
print("words at the start")

@functions_framework.http
def unavailable(request):
    return {"error": "unavailable"}, 503

@functions_framework.http
def echo(request):
    return os.environ.get("DEBUG", "") + request.get_data(as_text=True)
"""


@pytest.fixture(autouse=True)
def _function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "main.py"
    source.write_text(_FUNCTION)
    monkeypatch.setattr(children, "MAIN", source)


def test_answers() -> None:
    """It is up when it answers; its lines are handed on; DEBUG is not handed down."""
    lines: list[str] = []
    with running("echo", free_port(), clean_environ(DEBUG="1"), lines.append) as child:
        assert b"" == child.wait_until_up()
        assert b"{}" == child.wait_until_up(b"{}")
        assert "words at the start" in lines


@pytest.mark.parametrize("home", ["home", "/dev/null"])
def test_leaves_the_home_alone(tmp_path: Path, home: str) -> None:
    """The server's control socket is its own: not in the home, which may be another's or none."""
    lines: list[str] = []
    (tmp_path / "home").mkdir()
    environ = clean_environ(HOME=str(tmp_path / home), XDG_RUNTIME_DIR="")
    with running("echo", free_port(), environ, lines.append) as child:
        child.wait_until_up()
    assert [] == list((tmp_path / "home").iterdir())
    assert [] == [line for line in lines if "ontrol" in line]


def test_refusal_is_an_answer() -> None:
    """An answer that is an error is an answer."""
    with running("unavailable", free_port(), clean_environ(), print) as child:
        assert b'{"error":"unavailable"}\n' == child.wait_until_up()


def test_ends_at_once() -> None:
    """A function that does not start is told, and what it said comes before."""
    lines: list[str] = []
    with running("missing", free_port(), clean_environ(), lines.append) as child:
        with pytest.raises(ChildFailed, match="missing ended by itself"):
            child.wait_until_up()
        assert any("missing" in line for line in lines)


def test_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that never answers is told after a while."""
    monkeypatch.setattr(children, "START_SECONDS", 0)
    with (
        running("echo", free_port(), clean_environ(), print) as child,
        pytest.raises(ChildFailed, match="echo did not answer within 0 seconds"),
    ):
        child.wait_until_up()


def test_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not end when it is told to is killed, and its worker too."""
    monkeypatch.setattr(children, "STOP_SECONDS", 0.1)
    with running("echo", free_port(), clean_environ(), print) as child:
        child.wait_until_up()
        process = child._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
    assert -signal.SIGKILL == process.returncode
    eventually(lambda: not _group_is_alive(process.pid))


def test_no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be started leaves nothing to be ended."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with (
        pytest.raises(FileNotFoundError),
        running("echo", free_port(), clean_environ(), print),
    ):
        pass


def _group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
