"""A stand-in of Cloud Monitoring, and of what Firestore says of a field."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.operator.support import Server

AT = "2026-11-22T06:46:00Z"


class Monitoring:
    """Cloud Monitoring: figures by subscription and metric, and what it was asked."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.figures: dict[tuple[str, str], int] = {}
        self.asked: list[str] = []
        self.field: dict[str, Any] = {}
        server.each_path = self.answer

    def answer(self, path: str) -> None:
        """Set the answer to a request."""
        url = urlsplit(path)
        if url.path.startswith("/v1/"):
            self.asked.append(url.path)
            self.server.answer = json.dumps(self.field).encode()
            return
        assert "/v3/projects/my-project/timeSeries" == url.path
        [chosen] = parse_qs(url.query)["filter"]
        self.asked.append(chosen)
        value = next(
            (
                value
                for (name, metric), value in self.figures.items()
                if f'="{name}"' in chosen and f'/{metric}"' in chosen
            ),
            None,
        )
        series: list[Any] = []
        if value is not None:
            point = {"interval": {"endTime": AT}, "value": {"int64Value": str(value)}}
            series = [{"points": [point, {**point, "value": {"int64Value": "2"}}]}]
        self.server.answer = json.dumps({"timeSeries": series} if series else {}).encode()
