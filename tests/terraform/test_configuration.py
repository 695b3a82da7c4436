"""The configuration by terraform's own means: format, validity, its own tests."""

from __future__ import annotations

import re

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
