from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from envybox.google.messages import import_types

ROOT = Path(__file__).parents[2]


def run(program: str, *path: Path) -> str:
    """Return what a program prints in a fresh interpreter, and fail where it fails."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": ":".join(str(part) for part in (*path, ROOT))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_light() -> None:
    """The classes are imported without the libraries' clients, and no stand-in stays."""
    out = run(
        """
import sys
from collections.abc import Iterator
from envybox.google import messages
assert messages.FIRESTORE_IS_LIGHT and messages.PUBSUB_IS_LIGHT
heavy = ("google.api_core.gapic_v1", "google.cloud.firestore_v1.services", "requests",
         "google.pubsub_v1.services", "google.cloud.pubsub_v1", "google.cloud.firestore")
print([name for name in heavy if name in sys.modules])
print([name for name in ("google.cloud.firestore_v1", "google.cloud.firestore_v1.types",
       "google.pubsub_v1", "google.pubsub_v1.types") if name in sys.modules])
"""
    )
    assert "[]\n[]\n" == out


def test_libraries_afterwards() -> None:
    """Whoever imports the libraries proper gets them whole, with these same classes."""
    out = run(
        """
from envybox.google import messages
from google.cloud import firestore, firestore_v1, pubsub_v1
from google.cloud.firestore_v1.types import document, firestore as requests
import google.pubsub_v1
print(firestore_v1.types.Document.pb() is messages.Document)
print(document.Document.pb() is messages.Document)
print(requests.BatchWriteRequest.pb() is messages.BatchWriteRequest)
print(google.pubsub_v1.types.PublishRequest.pb() is messages.PublishRequest)
print(firestore.AsyncClient.__name__, pubsub_v1.PublisherClient.__name__)
"""
    )
    assert ["True"] * 4 + ["AsyncClient PublisherClient"] == out.splitlines()


def test_libraries_before() -> None:
    """Where a library is there already its own modules are used."""
    out = run(
        """
from google.cloud import firestore_v1
from envybox.google import messages
print(messages.FIRESTORE_IS_LIGHT, messages.PUBSUB_IS_LIGHT)
print(firestore_v1.types.Document.pb() is messages.Document)
"""
    )
    assert "False True\nTrue\n" == out


# Other releases, laid out in other ways


def library(folder: Path, files: dict[str, str]) -> None:
    """Write a library."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


WHOLE = {
    "library/__init__.py": "from library import types\nimported = True",
    "library/types/__init__.py": "from library.types.a import A",
    "library/types/a.py": "class A: pass",
    "library/types/b.py": "from library.types import a",
}

OTHERS = {
    # The types' modules need their package.
    "needs its package": {
        "library/types/a.py": "import library\nimported = library.imported\nclass A: pass",
        "library/__init__.py": "imported = True\nfrom library import types",
    },
    "needs a name of its package": {
        "library/__init__.py": "imported = True",
        "library/types/a.py": "from library import imported\nclass A: pass",
    },
    # The types are one module, which has the names in it.
    "no package of types": {
        "library/__init__.py": "import sys, types as t\nimported = True\n"
        "from library import types\n"
        "for name in 'ab': sys.modules[f'library.types.{name}'] = types",
        "library/types.py": "class A: pass",
    },
}


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import from, whose library is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_import_light(fresh: Path) -> None:
    """The modules come without their packages, which are whole when imported afterwards."""
    library(fresh, WHOLE)
    (a, b), light = import_types("library", "a", "b")
    assert light
    assert "library" not in sys.modules
    import library as whole  # type: ignore[import-not-found]

    assert whole.imported
    assert whole.types.A is a.A
    from library.types import b as from_whole  # type: ignore[import-not-found]

    assert b is from_whole


@pytest.mark.parametrize("layout", OTHERS)
def test_import_plain(fresh: Path, layout: str) -> None:
    """A library that is laid out differently is imported as a whole, as if nothing had been."""
    files = WHOLE if layout != "no package of types" else {}
    library(fresh, {**files, **OTHERS[layout]})
    (a, _), light = import_types("library", "a", "b")
    assert not light
    assert sys.modules["library"].imported
    assert sys.modules["library"].types.A is a.A


def test_import_again(fresh: Path) -> None:
    """Where the package is there already its modules are used."""
    library(fresh, WHOLE)
    import library as whole

    assert ([whole.types.a], False) == import_types("library", "a")


def test_import_missing() -> None:
    """A library that is not installed is an ImportError, as any."""
    with pytest.raises(ImportError, match="no_such_library"):
        import_types("no_such_library", "a")
    assert "no_such_library" not in sys.modules
