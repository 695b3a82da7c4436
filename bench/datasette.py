"""Datasette, the peer of the console's list: in an environment of its own, on the same file."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from envybox.tools.emulators import MissingComponent, free_port

RELEASE = "datasette==0.65.5"
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1")


def installed(folder: Path) -> Path:
    """Install it into a folder; return the program. Raises `MissingComponent`."""
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [folder / "bin" / "python", *_PIP, RELEASE], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingComponent(f"{RELEASE} cannot be installed: {done.stderr.strip()[-300:]}")
    return folder / "bin" / "datasette"


@contextlib.contextmanager
def served(program: Path, file: str) -> Iterator[int]:
    """Serve a file as it does by itself; yield the port. It may not be up yet."""
    port = free_port()
    with running([str(program), "serve", file, "--port", str(port)]):
        yield port


@contextlib.contextmanager
def console(file: str) -> Iterator[int]:
    """Serve a file's console; yield the port. It may not be up yet."""
    port = free_port()
    program = [sys.executable, "-m", "envybox.operator", "--backend", "local"]
    program += ["--local-path", file, "console", "--no-open", "--port", str(port)]
    with running(program):
        yield port


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[None]:
    """Run a program for as long as the context lasts."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def url(where: str, **more: list[str]) -> str:
    """Return the path of the newest 50 events, of those where a condition holds."""
    asked = {"_sort_desc": "received_at", "_size": "50", "_where": where, **more}
    return "/envybox/events?" + urlencode(asked, doseq=True)
