"""One run of the configuration's own tests for each line of the provider, for all tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform import workspace


@pytest.fixture(scope="session")
def test_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, workspace.TestRun]]:
    """The finished runs of `terraform test`, by the provider's major version."""
    runs: dict[str, workspace.TestRun] = {}
    try:
        for major in workspace.PROVIDER_MAJORS:
            folder = workspace.initialized(tmp_path_factory.mktemp(f"google-{major}"), major)
            runs[major] = workspace.TestRun(folder)  # the next one is set up while it runs
        for run in runs.values():
            run.finish()
        yield runs
    finally:
        for run in runs.values():
            run.stop()


@pytest.fixture(scope="session")
def variables_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The variables without the rest: their rules need no provider, and so are tried in no time."""
    root = tmp_path_factory.mktemp("variables")
    folder = root / "terraform"
    folder.mkdir()
    (root / "envybox").mkdir()
    shutil.copy(workspace.ROOT / "envybox" / "types.json", root / "envybox")
    for file in workspace.CONFIGURATION.glob("variables*.tf"):
        shutil.copy(file, folder)
    return folder


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs the runs in one process, and else each module: `--dist loadgroup`."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(Path(__file__).parent):
            needs_runs = "test_runs" in item.fixturenames
            item.add_marker(pytest.mark.xdist_group("runs" if needs_runs else item.path.stem))
