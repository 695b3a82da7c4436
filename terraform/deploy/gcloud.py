# SPDX-License-Identifier: Apache-2.0
"""Calls of gcloud, and nothing else: what they mean is decided where they are made."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any


class Stop(Exception):
    """The end, with a text that tells the user what to do."""


class Failed(Exception):
    """A call of gcloud that failed; the text is what gcloud said.

    gcloud's exit code is 1 for all of it, so the kinds are told by Google's words.
    """

    @property
    def not_found(self) -> bool:
        """What was asked for does not exist."""
        return any(word in str(self) for word in ("NOT_FOUND", "not found", "404", "not exist"))

    @property
    def service_disabled(self) -> bool:
        """The API that it asks is not on in the project."""
        return any(
            word in str(self)
            for word in (
                "SERVICE_DISABLED",
                "has not been used in project",
                "not enabled on project",
            )
        )


def call(*arguments: str, text: str | None = None) -> str:
    """Run gcloud and return its standard output, stripped; `text` is its standard input.

    Never asks: a question would be answered by `--quiet` with its default, so none is relied on.
    """
    if shutil.which("gcloud") is None:
        raise Stop(
            "gcloud was not found. Open Cloud Shell (https://shell.cloud.google.com), which has it, "
            "or install the Google Cloud SDK: https://cloud.google.com/sdk/docs/install "
            "(on Windows inside WSL)."
        )
    result = subprocess.run(
        ["gcloud", *arguments, "--quiet"], input=text, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise Failed(result.stderr.strip())
    return result.stdout.strip()


def read(*arguments: str) -> Any:
    """Run gcloud and return its answer, which is JSON."""
    return json.loads(call(*arguments, "--format=json") or "null")
