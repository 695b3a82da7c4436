"""A function behind a push subscription reads its first events in several threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import json, sys, threading
from datetime import timedelta
from pathlib import Path
from envybox import Once, SQLiteKeeper, read_event

sys.setswitchinterval(1e-6)
text = Path("envybox/examples.json").read_text("utf-8")
event = json.loads(text)[0]
once = Once(SQLiteKeeper(sys.argv[1]), name="test")
with once("known"):
    pass
start = threading.Barrier(8)

def act():
    start.wait()
    read_event(dict(event))
    with once("known") as turn:
        assert turn.done

threads = [threading.Thread(target=act) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("_time", range(5))
def test_the_first_events_at_once(_time: int, tmp_path: Path) -> None:
    """Threads that read the process's first events at once do not end it."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "once.db")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
