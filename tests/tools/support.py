"""What the tests of the tools share: `make run` as a process, and a subscriber."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from envybox.tools.emulators import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60
_NOT_INHERITED = re.compile(
    r"MAKE\w*|MFLAGS|VENV|ENVYBOX_.*|GOOGLE_CLOUD.*|.*_EMULATOR_HOST|PORT|BACKEND|PUSH"
)


def eventually(
    condition: Callable[[], bool], what: object = "", patience: float = PATIENCE
) -> None:
    """Wait until a condition holds; fail when it does not come to."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def clean_environ(**environ: str) -> dict[str, str]:
    """Return the environment without settings, and then these."""
    inherited = {k: v for k, v in os.environ.items() if not _NOT_INHERITED.fullmatch(k)}
    return inherited | {"PYTHONPATH": str(ROOT)} | environ


class Run:
    """A running `python -m envybox.tools.run`, and what it prints."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/"
        self.output = ""
        self._mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-m", "envybox.tools.run", "--port", str(self.port), *arguments],
            cwd=folder,
            env=clean_environ(ENVYBOX_TEST_RUN=self._mark, **environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has printed a text."""

        def printed() -> bool:
            assert self.process.poll() is None or self.output.count(text) >= times, self.output
            return self.output.count(text) >= times

        eventually(printed, text)

    def line(self, start: str) -> str:
        """Return the rest of the first line that begins so."""
        match = re.search(rf"^\s*{re.escape(start)}\s+(.*)$", self.output, re.MULTILINE)
        assert match, self.output
        return match.group(1)

    def family(self, word: str = "") -> list[int]:
        """Return the process ids of all that it started and that still run.

        `word`: only those whose command line has it.
        """
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and self._mark.encode() in (entry / "environ").read_bytes():
                    command = (entry / "cmdline").read_bytes().split(b"\0")
                    if not word or word.encode() in command:
                        found.append(int(entry.name))
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal; return the exit status when all is over."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit status when all is over; it may be asked again."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextlib.contextmanager
def running(folder: Path, *arguments: str, **environ: str) -> Iterator[Run]:
    """Run `make run`'s tool in a folder, and see to it that nothing of it stays."""
    run = Run(folder, *arguments, **environ)
    try:
        yield run
    finally:
        run.stop()


class Subscriber:
    """An HTTP endpoint that takes push requests; `answer` tells the status of each."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 204
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                subscriber.received.append(body)
                status = subscriber.answer(body)
                self.send_response(status)
                if status == 302:
                    self.send_header("location", subscriber.url + "elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://localhost:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def events(self) -> list[str]:
        """Return the ids of the events that came, in order, repeats included."""
        return [body["message"]["attributes"]["event_id"] for body in list(self.received)]

    def close(self) -> None:
        """End; the port refuses connections from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def subscriber(port: int = 0) -> Iterator[Subscriber]:
    """Listen for as long as the context lasts."""
    listening = Subscriber(port)
    try:
        yield listening
    finally:
        listening.close()
