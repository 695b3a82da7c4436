"""Google's REST APIs by Google's own session, for what no client that is installed here asks."""

from __future__ import annotations

from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import RequestException

from envybox.errors import Unavailable

CALL_SECONDS = 30.0
_SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"


def get(url: str, params: dict[str, str] | None = None, *, role: str) -> dict[str, Any]:
    """Return the JSON object at a URL, an empty one where there is nothing (404).

    `role` is one that may ask. Raises `Unavailable`.
    """
    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        with AuthorizedSession(credentials) as session:  # type: ignore[no-untyped-call] # google-auth's
            answer = session.get(url, params=params, timeout=CALL_SECONDS)
        if answer.status_code == 404:
            return {}
        if answer.status_code in (401, 403):
            raise Unavailable(f"You may not ask that: {role}.")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except GoogleAuthError as error:
        raise Unavailable(
            "There are no credentials of Google's: `gcloud auth application-default login`."
        ) from error
    except (RequestException, ValueError) as error:
        raise Unavailable(f"{url}: {error}") from error
    return found
