from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def _pins(path: Path) -> dict[str, str]:
    pinned = re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text("utf-8"), re.MULTILINE)
    assert pinned, path
    return dict(pinned)


@pytest.mark.parametrize("name", ["requirements.txt", "docs/requirements.txt"])
def test_requirements_are_pinned_with_hashes(name: str) -> None:
    """Everything that the cloud installs, and the site's build, is pinned with its hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8"))
    pins = [block for block in blocks if not block.startswith("#")]
    assert pins
    assert [] == [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]


def test_requirements_agree_with_the_project() -> None:
    """requirements.txt has what pyproject.toml asks for; the tests run with the same versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = _pins(ROOT / "requirements.txt")
    receiver = project["project"]["optional-dependencies"]["receiver"]
    for text in [*project["project"]["dependencies"], *receiver]:
        requirement = Requirement(text)
        assert requirement.name in pins, "run `make requirements`"
        assert pins[requirement.name] in requirement.specifier, "run `make requirements`"
    assert pins.items() <= _pins(ROOT / "tests" / "requirements.txt").items()


def test_the_sites_requirements_agree_with_the_project() -> None:
    """docs/requirements.txt has what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = _pins(ROOT / "docs" / "requirements.txt")
    for requirement in map(Requirement, project["dependency-groups"]["site"]):
        assert pins[requirement.name] in requirement.specifier, "run `make requirements`"


def test_requirements_are_complete() -> None:
    """Nothing that a pinned package needs is missing: they are installed as they stand."""
    command = [sys.executable, "-m", "pip", "check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "No broken requirements found.\n" == done.stdout + done.stderr


def test_operators_tools_need_nothing_more_in_the_cloud() -> None:
    """No package of the tests is installed with the function."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = {re.split(r"[^a-z0-9-]", text)[0] for text in project["dependency-groups"]["test"]}
    assert set() == names & set(_pins(ROOT / "requirements.txt"))
