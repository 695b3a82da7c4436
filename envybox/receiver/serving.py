"""The framework and its server, set up for an instance that sleeps, and for our log.

Between requests Cloud Run takes an instance's CPU away, its timers with it. Two that run out
meanwhile would cost the request that wakes it:

- gunicorn kills a worker that has not reported for as long as the function's own time-out,
  which the framework hands on to it.
- uvicorn closes a connection that was kept alive for two seconds, a new request in it or not.

Google deploys functions with LOG_EXECUTION_ID=true. The framework then parses each line of the
log, and puts an id in decimal in the place of the span's, which ties it to no trace.
"""

from __future__ import annotations

import os
from contextlib import suppress

KEEP_ALIVE_SECONDS = 3600
"""As good as never: who is at the other end is Cloud Run, which closes what it will not use."""


def prepare() -> None:
    """Set it up; to be called before the framework makes its server, when main.py is imported."""
    os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"  # what gunicorn calls no time-out
    os.environ["LOG_EXECUTION_ID"] = "false"
    with suppress(ImportError):  # where there is no gunicorn the framework does without
        from uvicorn_worker import UvicornWorker

        UvicornWorker.CONFIG_KWARGS = {
            **UvicornWorker.CONFIG_KWARGS,
            "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        }
