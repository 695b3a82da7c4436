from __future__ import annotations

import os
import re
import signal
import urllib.request
from pathlib import Path

from tests.tools.support import Run, running
from tests.tools.test_run import SAMPLES

_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _page(run: Run, path: str = "events") -> str:
    found = re.search(r"The console is up: (http://localhost:\d+/)", run.output)
    assert found, run.output
    with _http.open(found[1] + path) as answer:
        text: str = answer.read().decode()
        return text


def test_the_console_is_beside_it(tmp_path: Path) -> None:
    """The console shows what came in, sends with the same key, and ends with the rest."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        run.wait_for("The console is up: ")
        assert SAMPLES == _page(run).count('<li class="row')
        assert f"To {run.url}" in _page(run, "send")
        assert "embedded: " not in run.output
        assert run.family("console")
        run.stop()
        assert [] == run.family()


def test_the_receiver_goes_on_without_the_console(tmp_path: Path) -> None:
    """A console that dies is told, and costs the receiver nothing."""
    with running(tmp_path) as run:
        run.wait_for("The console is up: ")
        for process in run.family("console"):
            os.kill(process, signal.SIGKILL)
        run.wait_for("The receiver goes on without it.")
        with _http.open(run.url) as answer:
            assert 200 == answer.status
        run.wait_for("  published  ", SAMPLES)
