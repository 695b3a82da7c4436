"""Log lines for Cloud Logging: one JSON object a line, without personal data or keys.

In a terminal they are readable text instead. Source of the special fields:
https://cloud.google.com/logging/docs/structured-logging
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from envybox.event import Event

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]))?")
_HOST = re.compile(
    r"(?=.{1,100}$)(?:localhost|(?:[\w-]+\.)+[^\W\d_][\w-]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3})"
    r"(?::[0-9]{1,5})?"
)


def write(entry: Mapping[str, Any]) -> None:
    """Write a line to standard output; entries that are None are left out."""
    present = {name: value for name, value in entry.items() if value is not None}
    # A full disk, a closed pipe, an odd encoding: an answer is worth more than its line.
    with suppress(OSError, ValueError):
        line = readable(present) if sys.stdout.isatty() else msgspec.json.encode(present).decode()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def readable(entry: Mapping[str, Any]) -> str:
    """Return an entry as a line for a person.

    An event's is its time (here), type, site, state, id and status.
    """
    now = f"{datetime.now().astimezone():%H:%M:%S}"
    if "event_id" in entry and "status" in entry:
        columns = (
            f"{entry.get('type', ''):<14}",
            f"{entry.get('site', '-'):<20}",
            f"{entry.get('call_state', '-'):<18}",
            str(entry["event_id"]),
            str(entry["status"]),
            f"{entry.get('duration_ms', 0):.0f} ms",
        )
        line = "  ".join((now, *columns))
    else:
        line = f"{now}  {entry.get('severity', 'INFO')}  {entry.get('message', '')}"
    # A site's name is the sender's text: it must not move the cursor or begin a line.
    return "".join(character if character.isprintable() else "?" for character in line)


def of_event(event: Event, event_id: str) -> dict[str, Any]:
    """Return what a line may tell of an event: its site where that is a host, and no more."""
    site = event.page.site
    return {
        "event_id": event_id,
        "type": event.type,
        "account": event.account,
        "site": site if site and _HOST.fullmatch(site) else None,
        "call_state": event.call and event.call.state,
    }


def of_trace(headers: Mapping[str, str], project: str) -> dict[str, Any]:
    """Return the fields that tie a line to its request's trace, from the request's headers.

    `traceparent` (W3C) or else `X-Cloud-Trace-Context`; nothing where neither is there.
    """
    if match := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        trace, span = match.group(1), match.group(2)
        sampled = bool(int(match.group(3), 16) & 1)
    elif match := _CLOUD_TRACE.fullmatch(headers.get("x-cloud-trace-context", "")):
        trace = match.group(1)
        span = match.group(2) and f"{int(match.group(2)) & (2**64 - 1):016x}"
        sampled = match.group(3) == "1"
    else:
        return {}
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace}" if project else trace,
        "logging.googleapis.com/spanId": span,
        "logging.googleapis.com/trace_sampled": sampled,
    }


def of_defect(error: BaseException) -> dict[str, Any]:
    """Return what a line tells of an error nobody foresaw: where it was, never its values."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
