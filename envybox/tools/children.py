"""Child processes: the functions, served by functions-framework as in production; the console."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from envybox.errors import EnvyboxError
from envybox.tools.emulators import LOOPBACK
from envybox.tools.interrupt import INTERRUPT

MAIN = Path(__file__).parents[2] / "main.py"
START_SECONDS = 60
STOP_SECONDS = 10

# What functions-framework would take from the developer's own environment.
_NOT_INHERITED = {"DEBUG", "HOST", "PORT"}
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def framework(target: str, port: int, source: Path = MAIN) -> list[str]:
    """Return the command that serves a function of a file, as Google's buildpack does."""
    command = [sys.executable, "-m", "functions_framework", "--source", str(source)]
    return [*command, "--target", target, "--host", LOOPBACK, "--port", str(port)]


class ChildFailed(EnvyboxError):
    """A child process did not start, or ended by itself."""


class Child:
    """A process that serves HTTP. `line` is called with each line that it prints."""

    def __init__(
        self, name: str, command: Sequence[str], port: int, line: Callable[[str], None]
    ) -> None:
        self.name = name
        self.url = f"http://{LOOPBACK}:{port}/"
        self._command = command
        self._reader = threading.Thread(target=self._read, args=(line,), daemon=True)
        self._process: subprocess.Popen[str] | None = None

    def start(self, environ: Mapping[str, str]) -> None:
        """Start the process with this environment."""
        inherited = {k: v for k, v in environ.items() if k not in _NOT_INHERITED}
        with INTERRUPT.held():
            self._process = subprocess.Popen(
                self._command,
                env={**inherited, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C is not for it: it is told, and waited for
            )
            self._reader.start()

    def wait_until_up(self, body: bytes | None = None) -> bytes:
        """Wait until it answers a GET, or a POST of `body`; return the answer's body.

        Raises `ChildFailed`.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                with _http.open(self.url, body, timeout=START_SECONDS) as answer:
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as answer:
                with answer:
                    return answer.read()
            except OSError:
                time.sleep(0.05)
        raise ChildFailed(f"{self.name} did not answer within {START_SECONDS} seconds.")

    def check(self) -> None:
        """Raise `ChildFailed` where the process has ended."""
        status = self._process and self._process.poll()
        if status is not None:
            self._reader.join(1)  # its last words come first
            raise ChildFailed(f"{self.name} ended by itself (exit status {status}).")

    def stop(self) -> None:
        """End the process and its workers, requests under way being finished."""
        if self._process is None:
            return
        self._signal(self._process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._signal(self._process, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1)

    @staticmethod
    def _signal(process: subprocess.Popen[str], number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def _read(self, line: Callable[[str], None]) -> None:
        assert self._process is not None  # noqa: S101 - it was started
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with self._process.stdout as output:
            for text in output:
                line(text.rstrip("\n"))


@contextlib.contextmanager
def running(
    target: str, port: int, environ: Mapping[str, str], line: Callable[[str], None]
) -> Iterator[Child]:
    """Run a function for as long as the context lasts."""
    child = Child(target, framework(target, port, MAIN), port, line)
    # gunicorn makes a control socket here, or else in the home: one for all of a user's servers.
    with tempfile.TemporaryDirectory(prefix="envybox-") as runtime:
        try:
            child.start({**environ, "XDG_RUNTIME_DIR": runtime})
            yield child
        finally:
            child.stop()


@contextlib.contextmanager
def console(
    port: int, receiver: str, environ: Mapping[str, str], line: Callable[[str], None]
) -> Iterator[Child]:
    """Run the console of what the environment names for as long as the context lasts."""
    command = [sys.executable, "-m", "envybox.operator", "console"]
    command += ["--no-open", "--port", str(port), "--receiver", receiver]
    child = Child("console", command, port, line)
    try:
        child.start(environ)
        yield child
    finally:
        child.stop()
