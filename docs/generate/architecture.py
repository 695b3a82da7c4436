"""Who uses which part of the package, and what each part may import: the borders of the house.

tests/test_borders.py holds them, docs/architecture.md shows them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from docs.generate import put

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "envybox"


class Part(NamedTuple):
    """A part of the package: whose it is, and the parts that it may import besides itself."""

    users: str
    may_import: frozenset[str]


def _part(users: str, *may_import: str) -> Part:
    return Part(users, frozenset(may_import))


GROUND = "ground"
"""The modules that lie in `envybox/` itself."""

PUBLIC = "envybox"
"""`envybox/__init__.py`: the public names, looked up when they are asked for."""

PARTS = {
    GROUND: _part("all"),
    "ports": _part("receiver, operator", GROUND),
    "google": _part("receiver", GROUND, "ports"),
    "local": _part("receiver, operator, developer", GROUND, "ports"),
    "receiver": _part("receiver", GROUND, "ports"),
    "subscriber": _part("subscribers", GROUND),
    PUBLIC: _part("subscribers", GROUND, "subscriber"),
    "testing": _part("subscribers", GROUND, "ports", "receiver"),  # the message as it is published
    "operator": _part(  # of `google` the shape of a document alone: its calls are the client's
        "operator", GROUND, "ports", "google", "local", "receiver", "subscriber", PUBLIC, "testing"
    ),
    "tools": _part(
        "developer", GROUND, "ports", "local", "receiver", PUBLIC, "testing", "operator"
    ),
}
"""From the ground up: a part imports those above it in this table alone."""

IMPORTLIB = {
    "envybox/receiver/app.py",  # the backend that the settings name
    "envybox/__init__.py",  # the public names, when they are asked for
}
"""Who may import by a name made at run time: what this table cannot see."""


def modules() -> dict[str, Path]:
    """Return the package's modules: `envybox.receiver.app` and its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def part_of(module: str) -> str:
    """Return the part that a module is of."""
    names = module.split(".")
    if len(names) == 1:
        return PUBLIC
    return names[1] if (PACKAGE / names[1]).is_dir() else GROUND


@cache
def imports() -> dict[str, set[str]]:
    """Return module → the package's modules that it imports, wherever in it that stands."""
    known = modules()
    return {module: set(_imported(path, known)) for module, path in known.items()}


def _imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):  # never a relative one: ruff's TID252
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield str(node.module)


def filled(text: str) -> str:
    """Return docs/architecture.md with the drawing and the table of imports as they are now."""
    text = put(text, "```mermaid\n", _drawing(), "\n```")
    return put(text, "<!-- imports -->\n", _table(), "\n<!-- /imports -->")


def _used() -> dict[str, list[str]]:
    """Return each part there is, and the parts whose modules it imports."""
    used: dict[str, set[str]] = {}
    for module, targets in imports().items():
        part = part_of(module)
        used.setdefault(part, set()).update({part_of(target) for target in targets} - {part})
    return {part: [one for one in PARTS if one in used[part]] for part in PARTS if part in used}


def _drawing() -> str:
    arrows = [f"    {part} --> {one}" for part, targets in _used().items() for one in targets]
    return "\n".join(("flowchart BT", *arrows))


def _table() -> str:
    rows = [
        f"| `{part}` | {PARTS[part].users} | {', '.join(f'`{one}`' for one in targets) or '–'} |"
        for part, targets in _used().items()
    ]
    return "\n".join(("| part | who uses it | imports |", "|---|---|---|", *rows))
