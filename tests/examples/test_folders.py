"""What all the examples have in common: their borders, their documents."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from docs.generate.architecture import GROUND, PUBLIC, part_of
from tests.examples.world import EXAMPLES, NAMES, SETTINGS


def test_all_are_tested() -> None:
    """Each example that is kept in the repository is one that the tests know."""
    command = ["git", "ls-files", "--", "examples/*/main.py"]
    if not (EXAMPLES.parent / ".git").exists():
        pytest.skip("no checkout: what is kept cannot be told")
    kept = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, text=True, check=True)
    assert NAMES == sorted(Path(file).parent.name for file in kept.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_borders(name: str) -> None:
    """An example imports its own modules, the subscribers' side and the ground, and no other."""
    imported = set()
    for file in (EXAMPLES / name).glob("*.py"):
        if file.name.startswith("test_"):
            continue  # is not deployed
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    parts = {part_of(module) for module in imported if module.split(".")[0] == "envybox"}
    assert set() == parts - {GROUND, PUBLIC, "subscriber"}
    assert not any(module.startswith(("examples", "tests")) for module in imported)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_a_readme_tells_every_setting(name: str, readme: str) -> None:
    """Each variable that the code reads has its row in both languages, and no row is left over."""
    code = "".join(file.read_text("utf-8") for file in (EXAMPLES / name).glob("*.py"))
    named = re.findall(r'"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"', code)
    own = tuple(f"{one.partition('_')[0]}_" for one in SETTINGS[name])
    read = {one for one in named if one.startswith(own)}
    text = (EXAMPLES / name / readme).read_text("utf-8")
    assert read == set(re.findall(r"^\| `([A-Z0-9_]+)` \|", text, re.MULTILINE))
