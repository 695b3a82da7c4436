from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import envybox

ROOT = Path(__file__).parents[1]

NAMES = [
    "read_event",
    "Event",
    "Once",
    "Turn",
    "FirestoreKeeper",
    "SQLiteKeeper",
    "MemoryKeeper",
    "story",
    "Stories",
    "CallStory",
    "ChatStory",
    "VisitorStory",
    "EnvyboxError",
    "NotAnEvent",
    "NewerSchema",
    "NoStory",
    "InProgress",
    "TurnLost",
    "Unavailable",
]

LOADS = {
    "import envybox": set(),
    "from envybox import read_event": {
        "errors",
        "event",
        "subscriber",
        "subscriber.read",
        "subscriber.shapes",
        "subscriber.words",
    },
    "from envybox import Once, FirestoreKeeper": {
        "errors",
        "event",
        "subscriber",
        "subscriber.keepers",
        "subscriber.keepers.firestore",
        "subscriber.once",
    },
}
"""What a line loads of the package, besides `envybox` itself."""

ALLOWED = {"envybox", "msgspec", "typing_extensions"}
"""The last one msgspec looks for, and takes where it happens to be installed."""

BUDGET = {"import envybox": 0, "from envybox import read_event": 50}
"""How many modules a line may load, of any kind, above an empty `import typing`."""


def _loaded(line: str) -> set[str]:
    """Return the modules that a line loads in a fresh process that knows msgspec alone."""
    program = (
        "import sys, typing, json, __future__; before = set(sys.modules)\n"
        f"{line}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_names() -> None:
    """The public names are these: another is a promise more, one less a broken one."""
    assert NAMES == envybox.__all__
    assert set(NAMES) <= set(dir(envybox))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there(name: str) -> None:
    """Each public name is what its module has under that name."""
    thing = getattr(envybox, name)
    assert name == thing.__name__
    assert thing is getattr(sys.modules[thing.__module__], name)


def test_no_other_name() -> None:
    """A name that is not there is told as any module tells it; modules can be imported."""
    with pytest.raises(AttributeError, match="module 'envybox' has no attribute 'nothing'"):
        _ = envybox.nothing  # type: ignore[attr-defined]
    from envybox import types

    assert types is sys.modules["envybox.types"]


@pytest.mark.parametrize("line", LOADS)
def test_loads_what_it_needs(line: str) -> None:
    """A line loads the modules of the package that it needs, and of others msgspec alone."""
    loaded = _loaded(line)
    ours = {name.partition(".")[2] for name in loaded if name.startswith("envybox.")}
    others = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert LOADS[line] == ours
    assert others <= ALLOWED


@pytest.mark.parametrize("line", BUDGET)
def test_budget(line: str) -> None:
    """The modules that a line loads, the standard library's too, stay within a budget."""
    loaded = _loaded(line) - {"envybox"}
    assert len(loaded) <= BUDGET[line], sorted(loaded)


def test_testing_needs_msgspec_alone() -> None:
    """What helps a subscriber's tests asks for no more packages than the subscriber."""
    others = {name.partition(".")[0] for name in _loaded("import envybox.testing")}
    assert others - set(sys.stdlib_module_names) <= ALLOWED
