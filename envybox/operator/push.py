"""Posts to an endpoint as a push subscription does."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from envybox.testing.envelope import PushRequest

ACK_SECONDS = 10.0
"""How long an endpoint may take to answer: Pub/Sub's default acknowledgement deadline."""


class Answer(NamedTuple):
    """An endpoint's answer: the HTTP status, 0 where there was none; why; how long it took."""

    status: int
    problem: str
    seconds: float

    def __str__(self) -> str:
        head = f"[{self.status or '---'}]"
        return f"{head} {self.seconds * 1000:.0f} ms{f'  {self.problem}' * bool(self.problem)}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer other than 2xx: Pub/Sub does not follow it."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


_http = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def post(url: str, request: PushRequest) -> Answer:
    """Post a push request."""
    headers = {"user-agent": "envybox", **request.headers}
    started = time.monotonic()
    status, problem = 0, ""
    try:
        # Only http and https come here: `endpoint` sees to it.
        asked = urllib.request.Request(url, request.body, headers)  # noqa: S310
        with _http.open(asked, timeout=ACK_SECONDS) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        error.close()
        status, problem = error.code, f"answered {error.code}"
    except (OSError, http.client.HTTPException) as error:
        problem = str(getattr(error, "reason", "") or error or type(error).__name__)
    return Answer(status, problem, time.monotonic() - started)


def endpoint(text: str) -> str:
    """Return a URL that can be posted to. Raises `click.BadParameter`."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise click.BadParameter(f"{text!r} is no URL: it takes `http://localhost:8081/`.")
    return text
