"""What authorizes calls to Google: the project, and a token that is renewed beside them.

A token is a header of the call here. gRPC's own way, a plugin of the channel, starts a
thread for each call and, while the metadata server hangs, leaves as many that hang with it.
Here one thread at a time asks for it.
"""

from __future__ import annotations

import asyncio
import http.client
import math
import time
from contextlib import suppress
from datetime import UTC
from typing import Any, NamedTuple

from envybox.errors import Unavailable
from envybox.google import metadata

CREDENTIALS_SECONDS = 1.0
"""How long a call waits for credentials, within its own time limit; so the store and then the
publisher may each wait, and the answer still comes within 3 seconds."""

RENEW_SECONDS = 225
"""How long before its end a token is renewed, while calls still use it: google-auth's own
threshold. The metadata server gives out another five minutes before the end."""

LEAST_SECONDS = 10
"""How long a token must last for a call to begin with it."""

Headers = tuple[tuple[str, str], ...]

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class _Token(NamedTuple):
    headers: Headers
    ends_at: float


_NONE = _Token((), -math.inf)


class Google:
    """What both channels share: the project and the token, each found once.

    They are asked for when the first call is made, in a thread: the metadata server may
    take its time. No call waits longer than `CREDENTIALS_SECONDS` for it, and once more where
    what came had ended; a later one finds what it brought. `project` '' means the runtime's own.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._credentials: Any = None
        self._token = _NONE
        self._renewing: asyncio.Task[None] | None = None

    @property
    def knows_project(self) -> bool:
        """Whether `project` has not to be waited for."""
        return bool(self._project)

    async def project(self) -> str:
        """Return the project's id. Raises `Unavailable` where none is named and none found."""
        if not self._project:
            await self._renewed()
        return self._project

    def headers(self) -> Headers:
        """Return the headers that authorize a call; () where they are to be waited for."""
        left = self._token.ends_at - time.time()
        if left < RENEW_SECONDS:
            self._renew()
        return self._token.headers if left > LEAST_SECONDS else ()

    async def authorized(self) -> Headers:
        """Return the headers that authorize a call.

        Raises `Unavailable` where there are none, or not yet.
        """
        for _ in range(2):  # what was begun before the instance slept may bring an ended one
            if headers := self.headers():
                return headers
            await self._renewed()
        return self._token.headers  # whatever it is: this machine's clock may be wrong

    def refused(self, headers: Headers) -> None:
        """Take note that Google refused these headers: the next call asks for others."""
        if headers is self._token.headers:
            self._token = _NONE

    async def _renewed(self) -> None:
        try:
            async with asyncio.timeout(CREDENTIALS_SECONDS):
                await asyncio.shield(self._renew())
        except TimeoutError as error:
            raise Unavailable("no credentials yet") from error

    def _renew(self) -> asyncio.Task[None]:
        if self._renewing is None:
            self._renewing = asyncio.create_task(asyncio.to_thread(self._find))
            self._renewing.add_done_callback(self._found)
        return self._renewing

    def _found(self, renewing: asyncio.Task[None]) -> None:
        self._renewing = None
        if not renewing.cancelled():
            renewing.exception()  # asked for here: whoever waited for it may have given up

    def _find(self) -> None:
        if self._project and metadata.is_there():
            with suppress(OSError, ValueError, http.client.HTTPException):
                token, ends_at = metadata.token()
                self._token = _Token((("authorization", f"Bearer {token}"),), ends_at)
                return
        import google.auth
        import google.auth.exceptions
        import google.auth.transport.requests

        try:
            credentials = self._credentials
            if credentials is None:
                credentials, project = google.auth.default(scopes=_SCOPES)
                self._project = self._project or project or ""
            credentials.refresh(google.auth.transport.requests.Request())
        except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as error:
            raise Unavailable("no credentials: deploy it, or set an emulator's host") from error
        if not self._project:
            raise Unavailable("no project: set GOOGLE_CLOUD_PROJECT")
        headers: dict[str, str] = {}
        credentials.apply(headers)
        expiry = credentials.expiry  # in UTC, without a zone
        ends_at = expiry.replace(tzinfo=UTC).timestamp() if expiry else math.inf
        self._token = _Token(tuple(headers.items()), ends_at)
        self._credentials = credentials
