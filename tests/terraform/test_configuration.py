"""The configuration by terraform's own means: format, validity, its own tests."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.terraform import workspace

RUNS = [
    (file.name, run)
    for file in sorted((workspace.CONFIGURATION / "tests").glob("*.tftest.hcl"))
    for run in re.findall(r'^run "(\w+)"', file.read_text(), re.MULTILINE)
]


def test_is_formatted() -> None:
    """All files are as `terraform fmt` leaves them."""
    result = workspace.terraform(
        "fmt", "-check", "-recursive", "-diff", folder=workspace.CONFIGURATION
    )
    assert (0, "") == (result.returncode, result.stdout)


@pytest.mark.parametrize("major", workspace.PROVIDER_MAJORS)
def test_is_valid(test_runs: dict[str, workspace.TestRun], major: str) -> None:
    """The configuration is valid with both lines of the provider, without a warning."""
    result = workspace.terraform("validate", "-no-color", folder=test_runs[major].folder)
    assert (0, "Success! The configuration is valid.") == (
        result.returncode,
        result.stdout.strip() or result.stderr,
    )


@pytest.mark.parametrize("major", workspace.PROVIDER_MAJORS)
@pytest.mark.parametrize(("file", "run"), RUNS, ids=str)
def test_passes_its_own_tests(
    test_runs: dict[str, workspace.TestRun], major: str, file: str, run: str
) -> None:
    """Each run of terraform/tests passes with both lines of the provider."""
    outcome = test_runs[major]
    complaints = outcome.complaints[file, run] + outcome.complaints["", ""]
    assert ("pass", []) == (outcome.statuses.get((file, run)), complaints)


def test_nothing_is_made_before_its_predecessor_is_gone() -> None:
    """Names are fixed, so there cannot be two of a thing; the setting spreads to what it needs."""
    files = workspace.CONFIGURATION.glob("*.tf")
    assert not [f.name for f in files if re.search(r"create_before_destroy +=", f.read_text())]


def test_the_readme_s_imports_work(test_runs: dict[str, workspace.TestRun]) -> None:
    """Each import of the README is a line that a shell takes, of an address that there is."""
    readme = (workspace.CONFIGURATION / "README.md").read_text()
    commands = re.findall(r"^ *terraform (import .*)$", readme, re.MULTILINE)
    assert len(commands) == 2
    folder = test_runs["8"].folder
    for command in commands:
        subprocess.run(["sh", "-n", "-c", command], check=True)  # brackets need quotes
        (folder / "terraform.tfstate").unlink(missing_ok=True)
        arguments = shlex.split(command.replace("PROJECT", "demo-project"))
        result = workspace.terraform(*arguments, "-no-color", folder=folder)
        assert (0, "") == (result.returncode, result.stderr), command
