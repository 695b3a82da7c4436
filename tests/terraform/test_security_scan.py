"""A static security scan (checkov): it passes, and each check that is skipped says why."""

from __future__ import annotations

import json
import re
import subprocess

from tests.terraform import workspace

# Its dependencies are many, and some contradict the project's.
INSTALL = "checkov in a virtual environment of its own (pip install -r tests/terraform/checkov.txt)"


def test_checkov_passes() -> None:
    """The scan finds nothing that is neither right nor skipped with a reason."""
    command = workspace.program("CHECKOV", "checkov", INSTALL)
    result = subprocess.run(
        [
            *command,
            f"--directory={workspace.CONFIGURATION}",
            "--framework=terraform",
            "--skip-path=tests",
            "--skip-download",
            "--output=json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(result.stdout)
    failed = [
        f"{check['check_id']} {check['resource']}: {check['check_name']}"
        for check in report["results"]["failed_checks"]
    ]
    assert [] == failed
    assert report["summary"]["passed"] > 20
    assert report["summary"]["parsing_errors"] == 0
    skipped = {check["check_id"] for check in report["results"]["skipped_checks"]}
    files = "".join(file.read_text() for file in workspace.CONFIGURATION.glob("*.tf"))
    assert set(re.findall(r"#checkov:skip=(\w+):", files)) == skipped  # none is left over
    for check in report["results"]["skipped_checks"]:
        assert len(check["check_result"]["suppress_comment"]) >= 20, check["check_id"]
