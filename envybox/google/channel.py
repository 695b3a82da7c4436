"""Channels to Google's APIs: credentials, time limits, errors.

Stubs are made on the channel itself, for the generated clients cost a quarter of a
request's CPU and half of a cold start (docs/performance.md). What they would do beside is
done here: the routing header, the credentials, and the mapping of errors. What they would
do in secret is not: no call is ever retried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import grpc
import grpc.aio

from envybox.errors import BackendError, Rejected, Unavailable

_OPTIONS = [
    # The defaults wait up to two minutes before they connect again after an outage.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),  # also how long a connection may take to make
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Two channels to the same host must not share what one of them found broken.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
]
CREDENTIALS_SECONDS = 1.0
"""How long a call waits for credentials: the store and then the publisher may each wait so
long within the 3 seconds of an answer."""

SILENT_SECONDS = 0.5
"""How long a connection must have said nothing to be taken for dead: a call may have had
little time left."""

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class Google:
    """What both channels share: the project and the credentials, found once.

    They are asked for when the first call is made, in a thread: the metadata server may
    take its time. No call waits longer than `CREDENTIALS_SECONDS` for it; a later one finds
    what it brought. `project` '' means the runtime's own.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._credentials: Any = None
        self._finding: asyncio.Task[None] | None = None

    async def project(self, *, emulated: bool) -> str:
        """Return the project's id; an emulator needs no credentials."""
        if not (self._project and emulated) and self._credentials is None:
            await self.credentials()
        return self._project

    async def credentials(self) -> Any:
        """Return the application default credentials.

        Raises `Unavailable` where there are none, or not yet.
        """
        if self._credentials is None:
            if self._finding is None:
                self._finding = asyncio.create_task(asyncio.to_thread(self._find))
                self._finding.add_done_callback(self._found)
            try:
                async with asyncio.timeout(CREDENTIALS_SECONDS):
                    await asyncio.shield(self._finding)
            except TimeoutError as error:
                raise Unavailable("no credentials yet") from error
        return self._credentials

    def _found(self, finding: asyncio.Task[None]) -> None:
        self._finding = None
        if not finding.cancelled():
            finding.exception()  # asked for here: whoever waited for it may have given up

    def _find(self) -> None:
        import google.auth
        import google.auth.exceptions

        try:
            credentials, project = google.auth.default(scopes=_SCOPES)
        except google.auth.exceptions.GoogleAuthError as error:
            raise Unavailable("no credentials: deploy it, or set an emulator's host") from error
        self._project = self._project or project or ""
        if not self._project:
            raise Unavailable("no project: set GOOGLE_CLOUD_PROJECT")
        self._credentials = credentials


class Channel:
    """A channel to one API, made at its first call, in the loop that makes it.

    `emulator` is the value of a `…_EMULATOR_HOST` variable, '' for the API itself. `then` is
    the channel whose first call follows this one's: both connect at the same time.
    """

    def __init__(
        self, google: Google, target: str, emulator: str, then: Channel | None = None
    ) -> None:
        self._google = google
        self._target = target
        self._emulator = emulator.removeprefix("http://").rstrip("/")
        # The Firestore emulator lets its owner alone write in batches.
        self._metadata = (("authorization", "Bearer owner"),) if emulator else ()
        self._channel: grpc.aio.Channel | None = None
        self._methods: dict[str, Any] = {}
        self._then = then
        self._tasks: set[asyncio.Task[None]] = set()

    async def project(self) -> str:
        """Return the project's id."""
        return await self._google.project(emulated=bool(self._emulator))

    async def unary(
        self, path: str, request: Any, response: Any, *, routing: str, timeout: float
    ) -> Any:
        """Call a method and return its response, of the class `response`.

        `request` is a message, or the bytes of one. `routing` is the value of the header
        x-goog-request-params. Raises `Unavailable` or `Rejected`, whose text is the status's
        name.
        """
        return await self._call(path, request, response, routing, timeout, stream=False)

    async def stream(
        self, path: str, request: Any, response: Any, *, routing: str, timeout: float
    ) -> list[Any]:
        """Call a method that streams, and return all its responses; else as `unary`."""
        responses: list[Any] = await self._call(
            path, request, response, routing, timeout, stream=True
        )
        return responses

    async def connect(self) -> grpc.aio.Channel:
        """Return the channel; where there is none, make it and begin to connect."""
        if self._channel is None:
            channel = await self._make()
            if self._channel is None:
                self._channel = channel
                self._methods.clear()
                channel.get_state(try_to_connect=True)
                if self._then is not None:
                    self._run(self._then.begin())
        return self._channel

    async def begin(self) -> None:
        """Begin to connect. What goes wrong, the next call will tell."""
        with suppress(BackendError):
            await self.connect()

    async def close(self) -> None:
        """Close the channel; calls under way are cut off."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _call(
        self, path: str, request: Any, response: Any, routing: str, timeout: float, *, stream: bool
    ) -> Any:
        channel = self._channel
        # Escaped as the generated clients do: a name may hold what a header may not.
        metadata = (("x-goog-request-params", quote(routing, safe="=/")), *self._metadata)
        try:
            if channel is None:
                async with asyncio.timeout(timeout):
                    channel = await self.connect()
            method = self._methods.get(path)
            if method is None:
                make = channel.unary_stream if stream else channel.unary_unary
                method = self._methods[path] = make(
                    path,
                    request_serializer=getattr(type(request), "SerializeToString", None),
                    response_deserializer=response.FromString,
                )
            call = method(request, timeout=timeout, metadata=metadata)
            return [message async for message in call] if stream else await call
        except (grpc.aio.AioRpcError, TimeoutError) as error:
            raise self._failed(error, channel, timeout) from error

    async def _make(self) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_OPTIONS)
        import google.auth.transport.grpc
        import google.auth.transport.requests

        credentials = await self._google.credentials()
        plugin = google.auth.transport.grpc.AuthMetadataPlugin(  # type: ignore[no-untyped-call]
            credentials, google.auth.transport.requests.Request()
        )
        return grpc.aio.secure_channel(
            self._target,
            grpc.composite_channel_credentials(
                grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(plugin)
            ),
            options=_OPTIONS,
        )

    def _failed(
        self,
        error: grpc.aio.AioRpcError | TimeoutError,
        channel: grpc.aio.Channel | None,
        timeout: float,
    ) -> BackendError:
        code = (
            grpc.StatusCode.DEADLINE_EXCEEDED if isinstance(error, TimeoutError) else error.code()
        )
        is_silent = code is grpc.StatusCode.DEADLINE_EXCEEDED and timeout >= SILENT_SECONDS
        is_current = channel is self._channel
        if channel is not None and is_current and is_silent:
            # The connection may be dead without a word, as after an instance slept for
            # hours: the next call makes a new one. Calls under way on this one go on.
            self._channel = None
            self._run(channel.close(grace=5))
        return status_error(code.value[0])

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def status_error(number: int) -> BackendError:
    """Return the error of a gRPC status number (google.rpc.Code)."""
    name = _NAMES.get(number, str(number))
    return Rejected(name) if name == "INVALID_ARGUMENT" else Unavailable(name)
