"""Calls of other services' HTTP APIs: one connection a call, a limit of time, no redirects.

What is raised tells what is known. `Unavailable`: the request was not sent, so another try
does no harm. `UnknownOutcome`, which is one too: it was sent and no answer came, so it may
have taken effect; look before you send it again. Neither quotes the URL: tokens are in URLs.
"""

from __future__ import annotations

import http.client
import json as json_module
import ssl
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from envybox.errors import Unavailable, UnknownOutcome

SECONDS = 10.0
LONGEST_ANSWER = 4 * 1024 * 1024
_AGENT = "envybox-subscriber/1"


class Answer(NamedTuple):
    """An answer: its status, its headers by their names in lower case, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON; None where it is none, such as a proxy's HTML page."""
        try:
            return json_module.loads(self.body)
        except ValueError:
            return None


def call(
    method: str,
    url: str,
    *,
    json: Any = None,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Send a request and return its answer, whatever its status; redirects are not followed.

    `json` becomes the body, or `body` is sent as it is; `query` is added to the URL's own.
    `seconds` is for connecting, and again for all that follows.
    """
    parts = urlsplit(url)
    asked = "&".join(part for part in (parts.query, urlencode(query or {})) if part)
    target = (parts.path or "/") + (f"?{asked}" if asked else "")
    sent = {"user-agent": _AGENT, "accept": "application/json", **(headers or {})}
    if json is not None:
        body = json_module.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
        sent.setdefault("content-type", "application/json")
    connection = _connection(parts.scheme, parts.netloc, seconds)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise Unavailable(f"{parts.hostname}: {type(error).__name__}") from None
        try:
            deadline = time.monotonic() + seconds
            return _exchange(connection, deadline, method, target, body=body, headers=sent)
        except (OSError, http.client.HTTPException) as error:
            raise UnknownOutcome(f"{parts.hostname}: {type(error).__name__}") from None
    finally:
        connection.close()


def _connection(scheme: str, host: str, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, timeout=seconds, context=_tls())
    return http.client.HTTPConnection(host, timeout=seconds)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads the system's certificates: once is enough


def _exchange(
    connection: http.client.HTTPConnection,
    deadline: float,
    method: str,
    target: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
) -> Answer:
    connection.request(method, target, body, headers)
    _limit(connection, deadline)
    with connection.getresponse() as response:
        content = bytearray()
        while chunk := response.read1(65536):
            content += chunk
            if len(content) > LONGEST_ANSWER:
                raise http.client.HTTPException
            _limit(connection, deadline)
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, bytes(content))


def _limit(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Let the next wait last no longer than until the deadline: an answer may come in drops."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if connection.sock:  # None: the answer has no length, and response has the socket now
        connection.sock.settimeout(left)
