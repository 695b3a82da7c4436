"""Google Analytics 4: the Measurement Protocol.

Source: https://developers.google.com/analytics/devguides/collection/protocol/ga4. It answers
2xx whatever it is sent: what it makes of an event tells the debug endpoint alone (`check`).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from envybox import Event
from envybox.errors import Denied, Unavailable
from envybox.subscriber import api

from table import Row

LATEST = timedelta(hours=72)
"""How far back an event may be dated."""

_CLIENT = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Ga4:
    """A stream. Raises `Unavailable` and `UnknownOutcome`, `Denied`."""

    name = "GA4"

    def __init__(self, url: str, stream: str, secret: str) -> None:
        self._url = url
        self._query = {"measurement_id": stream, "api_secret": secret}

    def knows(self, event: Event) -> bool:
        """Return whether the event has what ties it to a visitor there."""
        return bool(_CLIENT.fullmatch(event.ids.google_client_id or ""))

    def send(
        self,
        event: Event,
        row: Row,
        at: datetime,
        *,
        thread: str,  # noqa: ARG002 - what Metrica's takes
        again: bool,  # noqa: ARG002 - as above
    ) -> None:
        """Send a conversion. After a time-out it is sent again: GA4 cannot be asked for it."""
        answer = api.call(
            "POST", f"{self._url}/mp/collect", query=self._query, json=_hit(event, row, at)
        )
        if answer.status in (401, 403, 404):
            raise Denied(f"GA4 answered {answer.status}")
        if answer.status >= 300:
            raise Unavailable(f"GA4 answered {answer.status}")

    def check(self, event: Event, row: Row, at: datetime) -> list[str]:
        """Return what GA4 finds wrong with a conversion, which is not counted."""
        url = f"{self._url}/debug/mp/collect"
        answer = api.call("POST", url, query=self._query, json=_hit(event, row, at))
        content = answer.json() or {}
        found = content.get("validationMessages", [])
        return [f"{one.get('validationCode')}: {one.get('description')}" for one in found]


def _hit(event: Event, row: Row, at: datetime) -> dict[str, Any]:
    """Return a hit with nothing of the visitor's but GA4's own id: its terms forbid more."""
    params: dict[str, Any] = {"lead_source": event.type, "engagement_time_msec": 1}
    if row.value is not None:
        params |= {"value": row.value, "currency": row.currency}
    return {
        "client_id": event.ids.google_client_id,
        "timestamp_micros": int(at.timestamp() * 1_000_000),
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "events": [{"name": row.goal, "params": params}],
    }
