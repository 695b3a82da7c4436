# SPDX-License-Identifier: Apache-2.0
"""terraform.tfvars: written once, and then read as Terraform reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from gcloud import Stop

from terraform import CONFIGURATION

FILE = CONFIGURATION / "terraform.tfvars"


def write(project: str, region: str, account: str) -> None:
    """Write the file, where there is none: it is the user's from then on."""
    if FILE.exists():
        return
    text = (CONFIGURATION / "terraform.tfvars.example").read_text()
    # Alerts go to whoever deploys; a service account reads no mail.
    emails = [] if account.endswith(".gserviceaccount.com") else [account]
    for name, value in {"project": project, "region": region, "alert_emails": emails}.items():
        line = f"{name}\\1= {json.dumps(value)}"
        text = re.sub(rf"^{name}( *)= .*$", line, text, flags=re.MULTILINE)
    partial = FILE.with_suffix(".part")
    partial.write_text(text)
    partial.rename(FILE)


def load(command: list[str], project: str) -> dict[str, Any]:
    """Return every variable's value, defaults filled in.

    Raises:
        Stop: the file cannot be used, is another project's, or names what there is not.

    """
    files = sorted(CONFIGURATION.glob("variables*.tf"))
    names = [
        name
        for file in files
        for name in re.findall(r'^variable "(\w+)"', file.read_text(), re.MULTILINE)
    ]
    names.remove("keys")  # ephemeral, and never in a file
    with tempfile.TemporaryDirectory() as folder:
        typed = Path(folder) / "repository" / "terraform"
        typed.mkdir(parents=True)
        for file in files:
            shutil.copy(file, typed)
        (typed.parent / "envybox").mkdir()
        shutil.copy(CONFIGURATION.parent / "envybox" / "types.json", typed.parent / "envybox")
        refused = subprocess.run(
            [*command, "plan", "-input=false", "-no-color", f"-var-file={FILE}"],
            cwd=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        if refused.returncode:
            raise Stop(f"terraform/terraform.tfvars cannot be used:\n{refused.stderr.strip()}")
        values = _console(command, typed, names)

        # Terraform drops what a type does not name, so the same once more with types that take all.
        free = Path(folder) / "free"
        free.mkdir()
        declarations = (
            f'variable "{name}" {{\n  type    = any\n  default = null\n}}\n' for name in names
        )
        (free / "variables.tf").write_text("".join(declarations))
        given = _console(command, free, names)
    lost = [path for name in names for path in _lost(given[name], values[name], name)]
    unknown = sorted(
        set(re.findall(r"^(\w+) *=", FILE.read_text(), re.MULTILINE)) - {*names, "keys"}
    )
    if lost or unknown:
        raise Stop(
            f"terraform/terraform.tfvars names what there is not: {', '.join([*unknown, *lost])}. Terraform would pass "
            'it over in silence. terraform/README.md, "Inputs", has the names.'
        )
    if values["project"] != project:
        raise Stop(
            f"terraform/terraform.tfvars is of the project {values['project']}, not {project}. For another project take "
            "another checkout of this repository, so that each keeps its settings."
        )
    return values


def _console(command: list[str], folder: Path, names: list[str]) -> dict[str, Any]:
    expression = "jsonencode({" + ", ".join(f"{name} = var.{name}" for name in names) + "})"
    result = subprocess.run(
        [*command, "console", f"-var-file={FILE}"],
        cwd=folder,
        input=expression,
        capture_output=True,
        text=True,
        check=False,
    )
    line = next((line for line in result.stdout.splitlines() if line.startswith('"{')), None)
    if line is None:
        raise Stop(
            f"terraform/terraform.tfvars cannot be used:\n{result.stderr.strip() or result.stdout.strip()}"
        )
    values: dict[str, Any] = json.loads(json.loads(line))
    return values


def _lost(given: Any, kept: Any, path: str) -> list[str]:
    """Return the paths that are in what was given and not in what Terraform kept of it."""
    if not (isinstance(given, dict) and isinstance(kept, dict)):
        return []
    return [
        found
        for key, value in given.items()
        for found in (
            _lost(value, kept[key], f"{path}.{key}") if key in kept else [f"{path}.{key}"]
        )
    ]
