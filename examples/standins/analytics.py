"""Google Analytics 4 and Yandex.Metrica, as far as they take conversions.

GA4 answers 204 whatever it is sent; what is wrong says the debug endpoint alone. Metrica
answers with counts, and what becomes of an upload shows later, when it is asked.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from examples.standins.server import Reply, Request, StandIn

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_STATUSES = ("PREPARED", "UPLOADED", "EXPORTED", "MATCHED", "PROCESSED")


class Ga4(StandIn):
    """`events` has each event that would be counted, with its client and its time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.events: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Reply:
        hit = request.json()
        problems = _problems(hit)
        if request.path == "/debug/mp/collect":
            return Reply(200, {"validationMessages": problems})
        if not problems:
            about = {"client_id": hit["client_id"], "at": hit["timestamp_micros"]}
            self.events += [{**event, **about} for event in hit["events"]]
        return Reply(204)


def _problems(hit: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    if not hit.get("client_id"):
        found.append(("client_id", "VALUE_REQUIRED", "client_id is required"))
    for event in hit.get("events", []):
        if not _NAME.fullmatch(event["name"]):
            found.append(("events", "NAME_INVALID", "Event name is invalid"))
        if "value" in event["params"] and "currency" not in event["params"]:
            found.append(("events", "VALUE_REQUIRED", "currency is required with value"))
    return [{"fieldPath": p, "validationCode": c, "description": d} for p, c, d in found]


class Metrica(StandIn):
    """`lines` has each line that was taken. `now`: the time by which a line is in the future."""

    def __init__(self, token: str, now: Callable[[], float], **options: Any) -> None:
        super().__init__(**options)
        self.token = token
        self.now = now
        self.lines: list[dict[str, str]] = []
        self.uploads: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"OAuth {self.token}":
            return _error(403, "invalid_token")
        if request.path.endswith("/uploadings"):
            for one in self.uploads:
                self._go_on(one)
            return Reply(200, {"uploadings": self.uploads[::-1]})
        if not request.path.endswith("/upload"):
            return _error(404, "not_found")
        text = request.body.split(b"\r\n\r\n", 1)[1].rpartition(b"\r\n--")[0]
        text = text.rpartition(b"\r\n--")[0] or text
        rows = list(csv.DictReader(io.StringIO(text.decode())))
        if any(int(row["DateTime"]) > self.now() for row in rows):
            return _error(400, "invalid_uploading")
        self.lines += rows
        linked = any(row["ClientId"] or row["Yclid"] for row in rows)
        upload = {
            "id": len(self.uploads) + 1,
            "create_time": "2026-11-20T00:00:00Z",
            "source_quantity": len(rows),
            "line_quantity": len(rows),
            "linked_quantity": 0,
            "comment": request.query.get("comment", ""),
            "status": _STATUSES[1] if linked else "LINKAGE_FAILURE",
        }
        self.uploads.append(upload)
        return Reply(200, {"uploading": upload})

    def _go_on(self, upload: dict[str, Any]) -> None:
        """Move an upload on: it is looked at a while later."""
        if upload["status"] in _STATUSES[:-1]:
            upload["status"] = _STATUSES[_STATUSES.index(upload["status"]) + 1]
        if upload["status"] == _STATUSES[-1]:
            upload["linked_quantity"] = upload["line_quantity"]


def _error(status: int, kind: str) -> Reply:
    errors = [{"error_type": kind, "message": "…"}]
    return Reply(status, {"errors": errors, "code": status, "message": "…"})
