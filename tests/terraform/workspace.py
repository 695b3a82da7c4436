"""Runs terraform on a copy of the configuration, so that nothing of a run stays in the checkout."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "terraform"
PROVIDER_MAJORS = ("7", "8")
"""The lines of the google provider that the configuration is for."""

_LOWEST = {"7": "~> 7.35", "8": "~> 8.0"}


def environment() -> dict[str, str]:
    """Return the environment for terraform: no hints for people, no look for newer versions.

    Nor a developer's own configuration of it: one that is not there is warned of at each run.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
    return {**inherited, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def missing(what: str) -> NoReturn:
    """Skip for want of a program; where CI=true, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def program(variable: str, default: str, install: str = "") -> list[str]:
    """Return an environment variable's command, or else the default; skip where it is missing."""
    command = shlex.split(os.environ.get(variable, default))
    found = shutil.which(command[0])
    if found is None:
        missing(
            f"{command[0]} was not found: install {install or default}, "
            f"or name its command in {variable}"
        )
    return [str(Path(found).absolute()), *command[1:]]  # it is started in other folders


def terraform(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run terraform in a folder and return its result, whatever its exit code."""
    return subprocess.run(
        [*program("TERRAFORM", "terraform"), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def copy(destination: Path) -> Path:
    """Copy the configuration and its neighbours; return the configuration's folder in the copy."""
    leave_out = shutil.ignore_patterns(".terraform*", ".build", "*.tfstate*", "__pycache__")
    for folder in ("terraform", "envybox"):
        shutil.copytree(ROOT / folder, destination / folder, ignore=leave_out)
    (destination / "docs").mkdir()
    for file in ("main.py", "requirements.txt", "docs/runbook.md"):
        shutil.copy(ROOT / file, destination / file)
    return destination / "terraform"


def initialized(destination: Path, major: str) -> Path:
    """Copy the configuration, pin the provider's line, install the providers; return the folder."""
    folder = copy(destination)
    pins = {
        name: {"source": f"hashicorp/{name}", "version": _LOWEST[major]}
        for name in ("google", "google-beta")
    }
    override = {"terraform": {"required_providers": pins}}
    (folder / "pins_override.tf.json").write_text(json.dumps(override))
    result = terraform("init", "-input=false", "-no-color", folder=folder)
    if result.returncode:
        missing(f"terraform init failed, are the providers to be had?\n{result.stderr}")
    return folder


def plan(folder: Path, values: dict[str, Any]) -> tuple[int, str]:
    """Plan with these variables; return the exit code and the text on one line."""
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tfvars.json") as file:
        json.dump({"project": "demo-project", **values}, file)
        file.flush()
        arguments = ("-input=false", "-no-color", "-lock=false", f"-var-file={file.name}")
        result = terraform("plan", *arguments, folder=folder)
    text = (result.stdout + result.stderr).replace("\u2502", " ")
    return result.returncode, " ".join(text.split())


class TestRun:
    """A `terraform test -json -verbose` that is under way, and later its results.

    In a folder where one was run, its results.
    """

    __test__ = False

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._log = folder / "test.jsonl"
        self._process: subprocess.Popen[bytes] | None = None
        if not self._log.exists():
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    [*program("TERRAFORM", "terraform"), "test", "-json", "-verbose", *arguments],
                    cwd=folder,
                    env=environment(),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        self.statuses: dict[tuple[str, str], str] = {}
        self.complaints: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.states: dict[tuple[str, str], dict[str, Any]] = {}

    def finish(self) -> None:
        """Wait for the end and read what came of each run."""
        if self._process is not None:
            self._process.wait(timeout=900)
        for line in self._log.read_text().splitlines():
            if not line.startswith("{"):
                continue
            message = json.loads(line)
            run = (Path(message.get("@testfile", "")).name, message.get("@testrun", ""))
            if message["type"] == "test_run" and "status" in message["test_run"]:
                self.statuses[run] = message["test_run"]["status"]
            elif message["type"] == "diagnostic":
                diagnostic = message["diagnostic"]
                self.complaints[run].append(f"{diagnostic['summary']}\n{diagnostic['detail']}")
            elif message["type"] == "test_state":
                self.states[run] = message["test_state"]["root_module"]

    def stop(self) -> None:
        """End it, should it still be under way."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def text(self) -> str:
        """Return all that it printed."""
        return self._log.read_text()

    def resources(self, file: str, run: str) -> list[dict[str, Any]]:
        """Return the resources (not the data sources) of an applied run."""
        return [item for item in self.states[file, run]["resources"] if item["mode"] == "managed"]
