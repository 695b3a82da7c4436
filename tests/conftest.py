from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import hypothesis
import pytest

import envybox.google.channel  # noqa: F401 - before gRPC, which then polls as in the function
from envybox import settings as envybox_settings
from envybox.settings import Settings
from envybox.tools import emulators
from tests.samples import KEY

# A loaded machine is no failure: what must be fast is measured in `bench/`.
hypothesis.settings.register_profile("envybox", deadline=None)
# Where the same tests run a second time, on another Python: `--hypothesis-profile=few`.
hypothesis.settings.register_profile("few", deadline=None, max_examples=10)
hypothesis.settings.load_profile("envybox")

# What a shell starts in the background ignores Ctrl-C, and so would the programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The emulators live for minutes here: that Java compiles them twice costs more than it gains.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


@pytest.fixture(scope="session")
def hosts() -> Iterator[tuple[str, str]]:
    """The hosts of a Firestore and of a Pub/Sub emulator, for tests in projects of their own."""
    try:
        with emulators.both() as running:
            yield running
    except emulators.MissingComponent as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def settings() -> Callable[..., Settings]:
    """Makes settings of some environment variables; without them, one key and the defaults."""

    def make(**environ: str) -> Settings:
        return envybox_settings.load({"ENVYBOX_KEYS": KEY, **environ})

    return make
