"""`envybox` as the program that it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from envybox.operator import program
from envybox.operator.__main__ import cli
from envybox.operator.engine import stop_by_signal
from envybox.operator.group import setting_of
from envybox.operator.loaders import LOADERS
from envybox.operator.place import Place
from tests.operator.support import run
from tests.operator.worlds import World, an_event

_PROGRAM = [sys.executable, "-m", "envybox.operator"]
_ROOT = Path(__file__).parents[2]


def _ran(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **more}
    return subprocess.run(
        [*_PROGRAM, *arguments], capture_output=True, text=True, env=environ, cwd=_ROOT, check=False
    )


def test_help_imports_little() -> None:
    """`--help` is there at once: it imports no client of Google's, no command, no settings."""
    code = (
        "import sys; sys.argv = ['envybox', '--help']\n"
        "from envybox.operator.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=_ROOT, check=True
    )
    assert "Usage: envybox" in ran.stdout
    loaded = set(ran.stderr.split())
    assert set() == loaded & {
        "rich",
        "msgspec",
        "grpc",
        "xlsxwriter",
        "envybox.settings",
    }
    late = ("envybox.operator.commands.", "google.api_core", "google.auth", "google.cloud.")
    assert [] == [name for name in loaded if name.startswith(late)]


def test_without_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package was installed bare, the program says what to install."""
    monkeypatch.delitem(sys.modules, "envybox.operator.__main__", raising=False)
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit, match="click is not installed: the extra `tools` has it"):
        program()


def test_the_installed_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that is installed runs the commands."""
    monkeypatch.setattr(sys, "argv", ["envybox", "keys", "new"])
    with pytest.raises(SystemExit) as ended:
        program()
    assert 0 == ended.value.code


def test_completion() -> None:
    """The shell completes the names of commands."""
    ran = _ran(_ENVYBOX_COMPLETE="bash_complete", COMP_WORDS="envybox ev", COMP_CWORD="1")
    assert ["plain,events", "plain,event"] == ran.stdout.split()


def test_help_of_each() -> None:
    """The short help in the list is the command's own, and each has an example."""
    for name, (load, short) in LOADERS.items():
        command = load()
        assert command.name == name
        assert command.help
        assert command.get_short_help_str(200) == short
        assert command.example.startswith(f"envybox {name}")


def test_options_stand_on_either_side(local: World) -> None:
    """Where a command works may be said before its name or after it; what comes last counts."""
    told = f"embedded: {local.settings.local_path}"
    local.put(an_event())
    for arguments in (
        ("--backend", "local", "events"),
        ("events", "--backend", "local"),
        ("--local-path", "none.db", "events", "--local-path", local.settings.local_path),
    ):
        assert told == run(*arguments).stderr.splitlines()[0]
    assert "--topic-prefix" not in run("events", "--help").stdout
    assert "Invalid value for '--backend'" in run("events", "--backend", "x", status=2).stderr


@pytest.mark.parametrize("option", cli.params, ids=lambda option: option.name)
def test_options_set_what_they_say(option: click.Option) -> None:
    """An option of all commands sets the setting that its help names, after a command too."""
    assert option.help
    assert option.help.endswith(f"[{setting_of(str(option.name))}]")
    text = "local" if option.name == "backend" else "text"
    command = LOADERS["events"][0]()
    parent = click.Context(cli, obj=Place({}))
    command.make_context("events", [option.opts[0], text], parent=parent)
    assert {setting_of(str(option.name)): text} == parent.obj._given


def test_a_pipe_that_is_closed(local: World) -> None:
    """`envybox events | head -1` ends without a word of complaint."""
    local.put(*(an_event(seconds=n) for n in range(200)))
    program = subprocess.Popen(
        [*_PROGRAM, "events", "--limit", "100000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=_ROOT,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    with program.stdout, program.stderr:
        assert program.stdout.readline().startswith(b"{")
        program.stdout.close()
        assert f"embedded: {local.settings.local_path}\n" == program.stderr.read().decode()
    program.wait()


def test_errors_are_told(local: World) -> None:
    """An error is a line, not a traceback; its status is 1, that of wrong usage 2."""
    failed = _ran("event", "0" * 32)
    assert (1, "") == (failed.returncode, failed.stdout)
    assert failed.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in failed.stderr
    assert 2 == _ran("events", "--nonsense").returncode
    assert not Path(local.settings.local_path).exists()


def test_interrupted_at_a_question(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at a question is status 130."""
    local.put(an_event())

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("envybox.operator.commands.replay.click.confirm", interrupt)
    assert "Interrupted." in run("replay", "--type", "call.result", "--publish", status=130).stderr


def test_signals_in_another_thread() -> None:
    """A replay that is not run by the main thread leaves signals alone."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with stop_by_signal() as stop:
            seen.append((stop.is_set(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [(False, True)] == seen
