"""A function's process, served as in production, that can be killed and started again."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from envybox.tools.children import framework
from envybox.tools.emulators import free_port
from tests.faults.gate import until

START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What a client saw. `status` 0: no answer, the connection broke."""

    status: int
    body: dict[str, Any]
    seconds: float
    headers: Mapping[str, str]

    @property
    def acknowledged(self) -> bool:
        """Whether the sender may forget the webhook."""
        return 200 <= self.status < 300


class Function:
    """One entry point in a process group of its own. Its port stays the same."""

    def __init__(self, target: str, environ: Mapping[str, str]) -> None:
        self.target = target
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log: list[str] = []
        self._environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environ}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; see `wait`."""
        self._process = subprocess.Popen(
            framework(self.target, self.port),
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def wait(self) -> None:
        """Return when it answers."""
        until(lambda: self.ask("GET").status, START_SECONDS, f"{self.target}: {self.log[-3:]}")

    def kill(self) -> None:
        """End it at once, as a machine does that loses its power (SIGKILL)."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def restart(self) -> None:
        """Kill it, start it again and wait for it."""
        self.kill()
        self.start()
        self.wait()

    @contextlib.contextmanager
    def asleep(self, seconds: float) -> Iterator[None]:
        """Take its CPU away; what is in the block happens at the end of these seconds."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    @property
    def worker(self) -> int:
        """The process that serves: gunicorn's first child."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0])

    def post(self, fields: Mapping[str, str]) -> Answer:
        """Send a webhook as Envybox would."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", urlencode(fields).encode(), headers)

    def ask(self, method: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> Answer:
        """Send a request on a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=70)
        try:
            connection.request(method, "/", body or None, dict(headers))
            response = connection.getresponse()
            content = response.read()
            seconds = time.monotonic() - started
        except (OSError, http.client.HTTPException):
            return Answer(0, {}, time.monotonic() - started, {})
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        parsed = json.loads(content) if is_json else {}
        return Answer(response.status, parsed, seconds, dict(response.headers.items()))

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            self.log.extend(line.rstrip("\n") for line in process.stdout)
