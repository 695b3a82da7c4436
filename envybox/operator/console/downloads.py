"""A list as a file, by the operator's export."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from envybox.operator.console.lists import asked
from envybox.operator.tables import WRITERS
from envybox.ports.lookup import scan

FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}


def export(request: Request) -> Response:
    """Return all events of a list as a file; it is made anew, and removed when it is sent."""
    desk, _, query = asked(request)
    kind = request.path_params["kind"]
    if kind not in FORMATS:
        raise HTTPException(404)
    descriptor, name = tempfile.mkstemp(suffix=f".{kind}")  # for its owner alone to read
    os.close(descriptor)
    file = Path(name)
    try:
        WRITERS[kind](file, scan(desk.lookup, query.filters), desk.place)
    except BaseException:
        file.unlink()
        raise
    return FileResponse(
        file,
        media_type=FORMATS[kind],
        filename=f"events.{kind}",
        background=BackgroundTask(file.unlink),
    )
