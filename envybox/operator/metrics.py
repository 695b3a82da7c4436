"""What Cloud Monitoring knows: how much waits in a subscription, how often a function was called.

Pub/Sub itself tells nobody how much waits. Figures come some minutes late:
https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from envybox.errors import Unavailable
from envybox.operator import rest

URL = "https://monitoring.googleapis.com"
_ROLE = "roles/monitoring.viewer"
_LOOK_BACK = timedelta(minutes=15)
_SUBSCRIPTION = "pubsub.googleapis.com/subscription/"


class Waiting(NamedTuple):
    """What waits in a subscription: how many, the oldest's age in seconds, as of when (UTC).

    All are None where Monitoring has no figure of the last quarter of an hour.
    """

    number: int | None
    oldest_seconds: int | None
    as_of: datetime | None


def waiting(project: str, subscription: str) -> Waiting:
    """Return what waits in a subscription. Raises `Unavailable`."""
    of = f'resource.labels.subscription_id="{subscription}"'
    number, at = _newest(_series(project, f"{_SUBSCRIPTION}num_undelivered_messages", of))
    age, _ = _newest(_series(project, f"{_SUBSCRIPTION}oldest_unacked_message_age", of))
    return Waiting(number, age, at)


def calls(project: str, service: str) -> int:
    """Return how often a service of Cloud Run was called lately. Raises `Unavailable`."""
    of = f'resource.labels.service_name="{service}"'
    series = _series(project, "run.googleapis.com/request_count", of)
    return sum(number for points in series for number, _ in points)


Point = tuple[int, datetime]


def _series(project: str, metric: str, of: str) -> list[list[Point]]:
    """Return the points of each series of a metric, the newest first."""
    now = datetime.now(UTC)
    found = rest.get(
        f"{URL}/v3/projects/{project}/timeSeries",
        {
            "filter": f'metric.type="{metric}" AND {of}',
            "interval.startTime": _rfc3339(now - _LOOK_BACK),
            "interval.endTime": _rfc3339(now),
        },
        role=_ROLE,
    )
    try:
        return [[_point(one) for one in series["points"]] for series in found.get("timeSeries", [])]
    except (LookupError, TypeError, ValueError) as error:
        raise Unavailable(f"Cloud Monitoring: {error!r}") from error


def _point(found: dict[str, Any]) -> Point:
    at = datetime.fromisoformat(found["interval"]["endTime"])
    return int(found["value"]["int64Value"]), at


def _newest(series: list[list[Point]]) -> Point | tuple[None, None]:
    return next((points[0] for points in series if points), (None, None))


def _rfc3339(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
