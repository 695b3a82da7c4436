"""An HTTP function behind a push subscription: request → event → what you do → answer.

    @function
    def main(event: Event) -> str:
        ...

becomes a function of functions-framework. Pub/Sub knows no "never": whatever is not answered
2xx comes again, until it is a dead letter. So:

| raised | answer | log | and then |
|---|---|---|---|
| nothing | 200 | INFO, what was returned | done |
| `Refused`: this very event will never be taken | 200 | ERROR | gone; an alert watches the log |
| `InProgress`, `TurnLost`, `Unavailable`: not now | 503 | WARNING | comes again |
| `Denied`: credentials or configuration | 500 | ERROR | comes again, then a dead letter |
| no event in the request | 400 | ERROR | as that: a wrong subscription, or an old version here |
| anything else: a defect | 500 | ERROR, where, never a value | as that |
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from envybox.errors import Denied, NotAnEvent, OnceError, Refused, SettingsError, Unavailable
from envybox.event import Event
from envybox.subscriber.read import read_event

T = TypeVar("T")


def function(handle: Callable[[Event], str]) -> Callable[[Any], tuple[str, int]]:
    """Make an HTTP function of one that takes an event and returns what it did, in a word or two.

    What it returns is logged, and so is the text of what it raises: no personal data in either.
    """

    @wraps(handle)
    def run(request: Any) -> tuple[str, int]:
        started = time.perf_counter()
        about: dict[str, Any] = {}
        status, severity, message = _run(handle, request, about)
        taken = round((time.perf_counter() - started) * 1000, 1)
        log(severity, message, **about, status=status, duration_ms=taken)
        return message, status

    return run


def _run(
    handle: Callable[[Event], str], request: Any, about: dict[str, Any]
) -> tuple[int, str, str]:
    try:
        event = read_event(request)
        about |= {"event_id": event.id, "type": event.type, "account": event.account}
        about["call_state"] = event.call and event.call.state
        about["attempt"] = event.delivery.attempt
        return 200, "INFO", handle(event)
    except Refused as error:
        return 200, "ERROR", f"refused for good: {error}"
    except (OnceError, Unavailable) as error:
        return 503, "WARNING", f"not now: {error}"
    except Denied as error:
        return 500, "ERROR", f"denied, until you change it: {error}"
    except NotAnEvent as error:
        return 400, "ERROR", str(error)
    except Exception as error:  # noqa: BLE001 - a defect: the event comes again
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        about["stack"] = [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
        return 500, "ERROR", f"a defect: {type(error).__name__}"


def log(severity: str, message: str, **fields: Any) -> None:
    """Write a line for Cloud Logging: JSON, without the fields that are None.

    Source of the special fields: https://cloud.google.com/logging/docs/structured-logging
    """
    given = {name: value for name, value in fields.items() if value is not None}
    with suppress(OSError, ValueError):  # a full disk costs a line, not an event
        line = json.dumps({"severity": severity, "message": message, **given}, default=str)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def configured(load: Callable[[Mapping[str, str]], T]) -> T:
    """Return what `load` makes of the environment.

    A setting that cannot be used ends the process with a line that names it: a deployment
    fails then, and the revision before it goes on.
    """
    try:
        return load(os.environ)
    except SettingsError as error:
        sys.exit(f"envybox: {error}")


def required(environ: Mapping[str, str], name: str, takes: str) -> str:
    """Return a setting. Raises `SettingsError` where it is empty; a secret is not quoted."""
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(name, f"it is not set; it takes {takes}.")
    return value
