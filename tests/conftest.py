from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest

from envybox import settings as envybox_settings
from envybox.settings import Settings
from tests.samples import KEY

# A loaded machine is no failure: what must be fast is measured in `bench/`.
hypothesis.settings.register_profile("envybox", deadline=None)
hypothesis.settings.load_profile("envybox")


@pytest.fixture(scope="session")
def settings() -> Callable[..., Settings]:
    """Makes settings of some environment variables; without them, one key and the defaults."""

    def make(**environ: str) -> Settings:
        return envybox_settings.load({"ENVYBOX_KEYS": KEY, **environ})

    return make
