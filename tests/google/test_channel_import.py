from __future__ import annotations

import os
import subprocess
import sys

import pytest

NAME = "GRPC_EXPERIMENTS"
CODE = f"""
import os, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "grpc":
            print(os.environ.get("{NAME}"))

sys.meta_path.insert(0, Watch())
import envybox.google
print(os.environ.get("{NAME}"))
"""


def imported(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Import it in a process of this environment."""
    rest = {name: value for name, value in os.environ.items() if name != NAME}
    command = [sys.executable, "-c", CODE]
    return subprocess.run(command, env=rest | given, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["-event_engine_client", "None"]),
        ({NAME: "-event_engine_listener"}, 2 * ["-event_engine_listener"]),
        ({NAME: ""}, ["", ""]),
    ],
)
def test_setting(given: dict[str, str], told: list[str]) -> None:
    """What gRPC is told at its import it knows, and no child of the process hears of it."""
    done = imported(given)
    assert (told, "") == (done.stdout.split("\n")[:-1], done.stderr)


def test_setting_is_read() -> None:
    """GRPC reads it at its import, and says where it does not know it."""
    assert "Unknown experiment: none_such" in imported({NAME: "-none_such"}).stderr
