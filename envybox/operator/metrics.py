"""What Cloud Monitoring knows of a subscription, by Google's own session.

Pub/Sub itself tells nobody how much waits. Figures come some minutes late:
https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import RequestException

from envybox.errors import Unavailable

URL = "https://monitoring.googleapis.com"
CALL_SECONDS = 30.0
_SCOPE = "https://www.googleapis.com/auth/monitoring.read"
_LOOK_BACK = timedelta(minutes=15)
_NUMBER, _AGE = "num_undelivered_messages", "oldest_unacked_message_age"


class Waiting(NamedTuple):
    """What waits in a subscription: how many, the oldest's age in seconds, as of when (UTC).

    All are None where Monitoring has no figure of the last quarter of an hour.
    """

    number: int | None
    oldest_seconds: int | None
    as_of: datetime | None


def waiting(project: str, subscription: str) -> Waiting:
    """Return what waits in a subscription. Raises `Unavailable`."""
    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call] # google-auth's
            number, at = _newest(session, project, subscription, _NUMBER)
            age, _ = _newest(session, project, subscription, _AGE)
    except GoogleAuthError as error:
        raise Unavailable(
            "There are no credentials of Google's: `gcloud auth application-default login`."
        ) from error
    except (RequestException, ValueError, LookupError, TypeError) as error:
        raise Unavailable(f"Cloud Monitoring: {error}") from error
    return Waiting(number, age, at)


def _newest(
    session: Any, project: str, subscription: str, metric: str
) -> tuple[int | None, datetime | None]:
    now = datetime.now(UTC)
    answer = session.get(
        f"{URL}/v3/projects/{project}/timeSeries",
        params={
            "filter": f'metric.type="pubsub.googleapis.com/subscription/{metric}"'
            f' AND resource.labels.subscription_id="{subscription}"',
            "interval.startTime": _rfc3339(now - _LOOK_BACK),
            "interval.endTime": _rfc3339(now),
        },
        timeout=CALL_SECONDS,
    )
    if answer.status_code in (401, 403):
        raise Unavailable(f"{project} does not let you read metrics: roles/monitoring.viewer.")
    answer.raise_for_status()
    series = answer.json().get("timeSeries", [])
    if not series:
        return None, None
    newest = series[0]["points"][0]  # the newest comes first
    return int(newest["value"]["int64Value"]), datetime.fromisoformat(newest["interval"]["endTime"])


def _rfc3339(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
