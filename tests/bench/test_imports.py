"""What the function imports: a budget by name, for each import is a part of every cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The framework brings all of these but the last line, which is the receiver's own;
# python_multipart is Starlette's, where it is installed: the function needs none.
PACKAGES = set(
    """
    functions_framework flask werkzeug jinja2 markupsafe itsdangerous blinker click
    cloudevents deprecation packaging starlette anyio typing_extensions
    gunicorn uvicorn uvicorn_worker httptools
    python_multipart
    google grpc msgspec phonenumbers
    """.split()  # noqa: SIM905 # one name a line would read worse
)
GOOGLE = (
    "google.protobuf",  # google.protobuf and what it is made of
    "google._upb",
    "google.cloud.functions",  # the framework's own
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules of a process that has imported the function, those of Python aside."""
    code = "import sys, json, main; json.dump(sorted(sys.modules), sys.stdout)"
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=env | {"ENVYBOX_BACKEND": "google", "GOOGLE_CLOUD_PROJECT": "test-project"},
        capture_output=True,
        check=True,
        text=True,
    )
    names = set(json.loads(done.stdout)) - {"main", "__main__"}
    start = [sys.executable, "-c", "import sys, json; json.dump(sorted(sys.modules), sys.stdout)"]
    bare = subprocess.run(start, capture_output=True, check=True, text=True, env=env)
    names -= set(json.loads(bare.stdout))  # what the interpreter itself begins with
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}


def test_packages(imported: set[str]) -> None:
    """Of installed packages the function imports those of the budget, and no other."""
    packages = {name.partition(".")[0] for name in imported}
    # Compiled extensions bring names of their compilers' making.
    made = {name for name in packages if name.startswith("_") or name == "cython_runtime"}
    assert {"envybox"} == packages - PACKAGES - made


def test_google(imported: set[str]) -> None:
    """Of Google's libraries it imports protobuf alone: no client, no message, no `google.auth`."""
    inside = {name for name in imported if name.startswith("google.")} - {"google.cloud"}
    assert set() == {name for name in inside if not name.startswith(GOOGLE)}


def test_own_modules(imported: set[str]) -> None:
    """It imports neither the operator's tools nor the embedded backend nor the schema."""
    aside = ("envybox.tools", "envybox.local", "envybox.schema")
    assert set() == {name for name in imported if name.startswith(aside)}
