"""An access token from the metadata server of Cloud Run.

google-auth asks for it in the same way, but imports much for that before the first event can
be stored (docs/performance.md). It is asked where this fails.

https://cloud.google.com/run/docs/container-contract#metadata-server
"""

from __future__ import annotations

import http.client
import os
import time

import msgspec

_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
_SECONDS = 5.0


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float


def is_there() -> bool:
    """Whether this is a service of Cloud Run, as every function is."""
    return "K_SERVICE" in os.environ


def token() -> tuple[str, float]:
    """Return a token of the function's service account, and when it ends (seconds from 1970).

    Blocks. Raises `OSError`, `ValueError` or `http.client.HTTPException` where there is none.
    """
    asked_at = time.time()
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    connection = http.client.HTTPConnection(host, timeout=_SECONDS)
    try:
        connection.request("GET", _PATH, headers={"Metadata-Flavor": "Google"})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise OSError(f"the metadata server answered {response.status}")
    answer = msgspec.json.decode(body, type=_Answer)
    return answer.access_token, asked_at + answer.expires_in
