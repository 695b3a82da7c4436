"""The archive that is deployed: what is in it, that it is enough, and the same everywhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.terraform import workspace

JUNK = (
    "envybox/__pycache__/app.cpython-313.pyc",
    "envybox/google/__pycache__/cache.json",
    "envybox/.DS_Store",
    "envybox/.hidden.py",
    "envybox/.mypy_cache/cache.json",
    "envybox/receiver/app.py.orig",
    "envybox/notes.txt",
    "envybox/tools/deeper/tool.py",
    "envybox/new_part/module.py",
    "envybox/receiver/cache.json",
    "main.pyc",
    "other.py",
    ".envybox/envybox.db",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with what lies about in a checkout, and of the configuration only the archive."""
    root = tmp_path_factory.mktemp("checkout")
    folder = workspace.copy(root)
    for junk in JUNK:
        (root / junk).parent.mkdir(parents=True, exist_ok=True)
        (root / junk).write_text("{}")
    for file in [*folder.glob("*.tf"), *folder.glob("tests/*"), *folder.glob("examples/*/*")]:
        file.unlink()
    source = (workspace.CONFIGURATION / "source.tf").read_text()
    archive_alone = source[: source.index('resource "google_storage_bucket"')]
    (folder / "source.tf").write_text(
        archive_alone
        + 'variable "project" { default = "demo-project" }\n'
        + 'variable "name" { default = "envybox" }\n'
        + 'output "hash" { value = local.source_hash }\n'
    )
    if workspace.terraform("init", "-input=false", folder=folder).returncode:
        workspace.missing("terraform init failed: is the archive provider to be had?")
    return root


def archive(checkout: Path) -> tuple[str, Path]:
    """Make the archive; return the hash that its object's name holds, and its path."""
    folder = checkout / "terraform"
    result = workspace.terraform("apply", "-auto-approve", "-no-color", folder=folder)
    assert (0, "") == (result.returncode, result.stderr.replace("\n", "")[:2000])
    value = workspace.terraform("output", "-raw", "hash", folder=folder).stdout
    return value, folder / ".build" / "demo-project-envybox.zip"


def test_holds_what_gcloud_would_upload(checkout: Path, tmp_path: Path) -> None:
    """Terraform's archive and .gcloudignore let the same files through, and no others."""
    with zipfile.ZipFile(archive(checkout)[1]) as file:
        archived = set(file.namelist())
    everything = [
        path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file()
    ]
    # .gcloudignore has .gitignore's syntax, so git can tell what it leaves out.
    (tmp_path / ".gitignore").write_text((workspace.ROOT / ".gcloudignore").read_text())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    ignored = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"],
        input="\n".join(everything),
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    assert set(everything) - set(ignored) == archived
    assert {"main.py", "requirements.txt", "envybox/types.json"} <= archived
    assert not archived & set(JUNK)
    parts = {name.split("/")[1] for name in archived if name.count("/") > 1}
    assert {"google", "ports", "receiver"} == parts
    assert "envybox/schema.py" not in archived


def test_is_enough_to_start_the_functions(checkout: Path, tmp_path: Path) -> None:
    """The unpacked archive's main.py can be imported, alone, and has both entry points."""
    with zipfile.ZipFile(archive(checkout)[1]) as file:
        file.extractall(tmp_path)
    code = "import main; print(main.webhook.__name__, main.recover.__name__, main.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "GOOGLE_CLOUD_PROJECT": "demo-project"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, f"webhook recover {tmp_path / 'main.py'}") == (
        result.returncode,
        result.stdout.strip() or result.stderr,
    )


def test_is_the_same_on_every_system(checkout: Path) -> None:
    """Times, modes and caches of a checkout change neither the archive nor its name; code does."""
    before, path = archive(checkout)
    zipped = hashlib.sha256(path.read_bytes()).hexdigest()

    main = checkout / "main.py"
    main.chmod(0o755)
    os.utime(main, (0, 0))
    (checkout / "envybox" / "__pycache__" / "new.pyc").write_text("new")
    again, path = archive(checkout)
    assert (before, zipped) == (again, hashlib.sha256(path.read_bytes()).hexdigest())

    main.write_text(main.read_text() + "\n# changed\n")
    assert before != archive(checkout)[0]


def test_a_checkout_has_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    """Where git is set to write CRLF, the code still comes with LF, and so with the same hash."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "core.autocrlf=true", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    shutil.copy(workspace.ROOT / ".gitattributes", tmp_path)
    file = tmp_path / "main.py"
    file.write_bytes(b"import envybox\n")
    git("init", "--quiet")
    git("add", "main.py")
    file.unlink()
    git("checkout", "--", "main.py")
    assert b"import envybox\n" == file.read_bytes()
