# SPDX-License-Identifier: Apache-2.0
"""Terraform: the one that is there, or, where it is too old, HashiCorp's release; and its runs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from gcloud import Stop

CONFIGURATION = Path(__file__).parents[1]
BUILD = CONFIGURATION / ".build"
NEEDED = (1, 11)
RELEASE = "1.11.4"
# https://developer.hashicorp.com/terraform/install names the archives; the file of their checksums lies beside them.
RELEASES = "https://releases.hashicorp.com/terraform"


def find() -> list[str] | None:
    """Return the command of a Terraform that is new enough, or None.

    $TERRAFORM is taken as it is, else the one that `obtain` got, else the one in PATH.
    """
    command = shlex.split(os.environ.get("TERRAFORM", ""))
    if command and shutil.which(command[0]):
        return command
    for program in (str(BUILD / "terraform"), "terraform"):
        if shutil.which(program) and _version(program) >= NEEDED:
            return [program]
    return None


def _version(program: str) -> tuple[int, ...]:
    result = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    found = re.search(r"Terraform v(\d+)\.(\d+)", result.stdout)
    return tuple(map(int, found.groups())) if found else (0,)


def obtain() -> list[str]:
    """Download HashiCorp's release, verify its checksum, and return its command.

    The checksum tells a download that broke; that the release is HashiCorp's is held by TLS alone. Their signature of
    the checksums is not looked at: that needs gpg and their key, which would have to be fetched by the same means.

    It goes beside the configuration: in Cloud Shell only the home folder outlives the session.
    """
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "")
    archive = f"terraform_{RELEASE}_{platform.system().lower()}_{machine}.zip"
    releases = os.environ.get("TERRAFORM_RELEASES", RELEASES)  # a mirror of them
    print(f"Getting Terraform {RELEASE} from {releases}")
    try:
        sums = _download(f"{releases}/{RELEASE}/terraform_{RELEASE}_SHA256SUMS").decode()
        content = _download(f"{releases}/{RELEASE}/{archive}")
    except OSError as error:
        raise Stop(
            f"Terraform {NEEDED[0]}.{NEEDED[1]} or newer is needed, and {archive} could not be had ({error}). "
            "Install it: https://developer.hashicorp.com/terraform/install"
        ) from None
    if f"{hashlib.sha256(content).hexdigest()}  {archive}" not in sums.splitlines():
        raise Stop(
            f"{archive} has not the checksum that HashiCorp names for it: it is not used. Try again."
        )
    BUILD.mkdir(exist_ok=True)
    partial = BUILD / "terraform.part"
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        partial.write_bytes(file.read("terraform"))
    partial.chmod(0o755)
    partial.rename(BUILD / "terraform")
    return [str(BUILD / "terraform")]


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


class Terraform:
    """Terraform on the configuration, for one project, with gcloud's login."""

    def __init__(self, command: list[str], project: str, token: str) -> None:
        self._command = command
        self._environment = {
            **os.environ,
            "TF_IN_AUTOMATION": "1",
            # The provider and the state's bucket take gcloud's own login: no second one is needed.
            "GOOGLE_OAUTH_ACCESS_TOKEN": token,
            # Calls count on this project, not on the one that the login belongs to.
            "USER_PROJECT_OVERRIDE": "true",
            "GOOGLE_BILLING_PROJECT": project,
        }

    def run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> int:
        """Run it before the user's eyes; return its exit code."""
        code = subprocess.run(
            [*self._command, *arguments], cwd=CONFIGURATION, env=self._environment, check=False
        ).returncode
        if code not in allowed:
            raise Stop(
                f"terraform {arguments[0]} failed: its message is above. Where it names a permission, an API that "
                "has not been used, or a build, wait two minutes and run the same command again: it goes on from here."
            )
        return code

    def read(self, *arguments: str) -> str:
        """Run it and return what it prints."""
        result = subprocess.run(
            [*self._command, *arguments],
            cwd=CONFIGURATION,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise Stop(f"terraform {arguments[0]} failed: {result.stderr.strip()}")
        return result.stdout

    def init(self, bucket: str, name: str) -> None:
        """Install the providers, and keep the state in the bucket."""
        backend = CONFIGURATION / "backend.tf"
        if not backend.exists():
            if (CONFIGURATION / "terraform.tfstate").exists():
                raise Stop(
                    "terraform/terraform.tfstate is here: Terraform was run by hand, and keeps its state in that file. "
                    f'Move it into the bucket first (docs/terraform-state.md, "Moving it into a bucket"); the bucket is {bucket}.'
                )
            backend.write_text((CONFIGURATION / "backend.tf.example").read_text())
        self.run(
            "init",
            "-input=false",
            f"-backend-config=bucket={bucket}",
            f"-backend-config=prefix={name}",
        )

    def apply(self, destroy: bool) -> None:
        """Plan and apply; stop before anything is deleted, unless `destroy`."""
        BUILD.mkdir(exist_ok=True)
        plan = str(BUILD / "deploy.tfplan")
        if (
            self.run("plan", "-input=false", "-detailed-exitcode", f"-out={plan}", allowed=(0, 2))
            == 0
        ):
            return
        changes = json.loads(self.read("show", "-json", plan))["resource_changes"]
        # What holds nothing is made anew by design: waits, grants, the archive of the code, whose name has its hash.
        deleted = [
            change["address"]
            for change in changes
            if "delete" in change["change"]["actions"]
            and change["type"] not in {"time_sleep", "google_storage_bucket_object"}
            and "_iam_" not in change["type"]
        ]
        if deleted and not destroy:
            raise Stop(
                "This would delete: "
                + ", ".join(deleted)
                + ". Look at the plan above: what a setting in "
                "terraform/terraform.tfvars no longer asks for goes, with what it holds. If that is meant, run the same "
                "with DESTROY=yes."
            )
        self.run("apply", "-input=false", plan)

    def outputs(self) -> dict[str, Any]:
        """Return the outputs' values."""
        return {
            name: item["value"] for name, item in json.loads(self.read("output", "-json")).items()
        }
