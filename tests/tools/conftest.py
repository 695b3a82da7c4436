from __future__ import annotations

import os

import pytest

from envybox.tools import emulators


@pytest.fixture
def emulators_installed() -> None:
    """Skip, or fail where CI=true, on a machine without the emulators."""
    try:
        emulators.check_installed()
    except emulators.MissingComponent as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
