from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter

import pytest

from docs.generate.architecture import (
    GROUND,
    IMPORTLIB,
    PACKAGE,
    PARTS,
    PUBLIC,
    ROOT,
    imports,
    modules,
    part_of,
)

_BY_NAME = r"^\s*(import|from) importlib\b|__import__"


def test_every_folder_is_a_part() -> None:
    """A new folder of the package says whose it is and what it may import."""
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set() == folders - set(PARTS), "add it to PARTS in docs/generate/architecture.py"


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_part_imports_what_it_may(module: str) -> None:
    """No import, at the top or inside a function, crosses a border the other way."""
    part = part_of(module)
    allowed = PARTS[part].may_import | {part}
    crossing = {target for target in imports()[module] if part_of(target) not in allowed}
    assert set() == crossing


def test_the_table_runs_one_way() -> None:
    """A part may import only those that stand before it in the table."""
    order = list(PARTS)
    upwards = {
        (part, other)
        for part, (_, may_import) in PARTS.items()
        for other in may_import
        if order.index(other) >= order.index(part)
    }
    assert set() == upwards


def test_no_circle() -> None:
    """No module imports itself by way of others."""
    graph = {
        module: {other for other in targets if other not in (module, PUBLIC)}
        for module, targets in imports().items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_no_import_by_a_made_up_name() -> None:
    """What imports by a name made at run time is on the list: no table can see what that is."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in modules().values()
        if re.search(_BY_NAME, path.read_text("utf-8"), re.MULTILINE)
    }
    assert set() == users - IMPORTLIB


def test_the_ground_is_known() -> None:
    """What lies in `envybox/` itself, for all to import, is short and told here."""
    ground = {module.partition(".")[2] for module in modules() if part_of(module) == GROUND}
    assert {"errors", "event", "schema", "settings", "types", "webhook"} == ground
