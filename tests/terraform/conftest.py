"""One run of the configuration's own tests for each line of the provider, for all tests here."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform import workspace


@pytest.fixture(scope="session")
def test_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, workspace.TestRun]]:
    """The finished runs of `terraform test`, by the provider's major version.

    They take minutes: of several processes one does them, and the others wait for its results.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    runs: dict[str, workspace.TestRun] = {}
    try:
        with (shared / "terraform-runs.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for major in workspace.PROVIDER_MAJORS:
                place = shared / f"google-{major}"
                if place.exists():
                    runs[major] = workspace.TestRun(place / "terraform")
                else:  # the next one is set up while it runs
                    place.mkdir()
                    runs[major] = workspace.TestRun(workspace.initialized(place, major))
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
