"""The package as others get it: built, and installed where there is nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")

# What a project's own sources are, whatever else lies about in a checkout.
_SOURCES = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    check=False,
    text=True,
).stdout.split("\0")


CONSOLE = ("static/console.css", "static/live.js", "static/page.js", "static/icon.svg",
    "templates/base.html", "words/en.json", "words/ru.json")  # fmt: skip
"""Some of what the console draws pages with."""


def _run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run(
        command, cwd=cwd, env=clean, capture_output=True, check=False, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The source distribution, and the wheel that is built from it, by their suffixes."""
    source = tmp_path_factory.mktemp("source")
    for name in filter(None, _SOURCES):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = _run(UV, "build", "--quiet", "--out-dir", source / "dist", source)
    if done.returncode and "CI" not in os.environ:
        pytest.skip("building needs the network, for setuptools")
    assert (0, "") == (done.returncode, done.stderr)
    return {path.suffix: path for path in (source / "dist").iterdir()}


def _installed(place: Path, *what: str | Path) -> Path:
    """Return the Python of a new environment that has this, and what it asks for."""
    assert 0 == _run(UV, "venv", "--quiet", "--python", sys.executable, place).returncode
    python = place / "bin" / "python"
    done = _run(UV, "pip", "install", "--quiet", "--python", python, *what)
    assert (0, "") == (done.returncode, done.stderr)
    return python


@pytest.fixture(scope="module")
def bare(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and what it asks for by itself."""
    return _installed(tmp_path_factory.mktemp("bare"), built[".whl"])


def test_the_version_is_told_alike(built: dict[str, Path], bare: Path) -> None:
    """Archive, wheel, what is installed and the newest chapter of the changelog agree."""
    code = "from importlib.metadata import version; print(version('envybox'))"
    version = _run(bare, "-I", "-c", code).stdout.strip()
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert built[".gz"].name == f"envybox-{version}.tar.gz"
    assert built[".whl"].name == f"envybox-{version}-py3-none-any.whl"
    chapters = re.findall(r"^## \[(\d.+?)\] - 20\d\d-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert version == chapters[0]


def test_the_source_distribution_installs(built: dict[str, Path], tmp_path: Path) -> None:
    """Installed from its sources the package is the same: its data, too."""
    python = _installed(tmp_path / "sdist", built[".gz"])
    code = (
        "import envybox, envybox.schema; from envybox.testing import sample, push; "
        "event = envybox.read_event(push(sample('call.info'))); "
        "print(event.type, len(envybox.schema.event_schema()['examples']))"
    )
    done = _run(python, "-I", "-c", code, cwd=tmp_path)
    assert ("call.info 9\n", "") == (done.stdout, done.stderr)


def test_the_program_of_a_bare_installation(bare: Path) -> None:
    """Without the operator's libraries the program `envybox` says what to install."""
    done = _run(bare.with_name("envybox"), "events")
    told = "envybox: click is not installed: the extra `tools` has it, see docs/cli.md\n"
    assert (1, "", told) == (done.returncode, done.stdout, done.stderr)


def test_the_program(built: dict[str, Path], tmp_path: Path) -> None:
    """With them it has its commands, and looks into an embedded file."""
    pins = ROOT / "tests" / "requirements.txt"
    wheel = f"envybox[tools] @ {built['.whl'].as_uri()}"
    python = _installed(tmp_path / "tools", wheel, "--constraint", pins)
    program = python.with_name("envybox")
    assert " doctor " in _run(program, "--help", cwd=tmp_path).stdout
    done = _run(program, "--backend", "local", "--local-path", "none.db", "events", cwd=tmp_path)
    assert (1, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr


def test_nothing_but_msgspec_is_installed(bare: Path) -> None:
    """A subscriber who installs the package gets msgspec, and no client of Google's."""
    listed = _run(UV, "pip", "list", "--format", "json", "--python", bare).stdout
    assert {"envybox", "msgspec"} == {package["name"] for package in json.loads(listed)}


def test_the_ground_works_with_msgspec_alone(bare: Path, tmp_path: Path) -> None:
    """What subscribers import needs nothing that is not installed with it."""
    code = "import envybox.schema, envybox.types; print(len(envybox.types.TYPES))"
    done = _run(bare, "-I", "-c", code, cwd=tmp_path)
    assert ("10\n", "") == (done.stdout, done.stderr)


def test_the_wheel_has_the_package_alone(built: dict[str, Path]) -> None:
    """The wheel has the modules, what they read and the mark of being typed; no tests."""
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = set(wheel.namelist())
    assert {"envybox/types.json", "envybox/py.typed", "envybox/event.py"} <= names
    console = {f"envybox/operator/console/{name}" for name in CONSOLE}
    assert console <= names
    tops = {name.partition("/")[0] for name in names}
    assert ["envybox"] == [top for top in tops if not top.endswith(".dist-info")]


def test_the_source_distribution_says_how_to_use_it(built: dict[str, Path]) -> None:
    """The archive of the sources has the licence and the README beside the package."""
    with tarfile.open(built[".gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "envybox/event.py"} <= names
