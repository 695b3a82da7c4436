"""Channels to Google's APIs: connections, time limits, errors.

Stubs are made on the channel itself, for the generated clients cost a quarter of a
request's CPU and half of a cold start (docs/performance.md). What they would do beside is
done here: the routing header, the header with the token, and the mapping of errors. What
they would do in secret is not: no call is ever retried.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

import grpc
import grpc.aio

from envybox.errors import BackendError, InvalidCall, NotFound, Refused, Unavailable
from envybox.google.credentials import Google, Headers

_OPTIONS = [
    # The defaults wait up to two minutes before they connect again after an outage.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),  # also how long a connection may take to make
    ("grpc.max_reconnect_backoff_ms", 300),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Two channels to the same host must not share what one of them found broken.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
]
IDLE_SECONDS = 120.0
"""How long a connection may go unused before the next call makes a new one. An instance that
slept does not see its connections end: both APIs would be found silent, one after the other,
and the webhook that woke it would be lost to the time limits."""

SILENT_SECONDS = 0.5
"""How long a connection must have said nothing to be taken for dead: a call may have had
little time left."""


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
        self._owner: Headers = (("authorization", "Bearer owner"),) if emulator else ()
        self._channel: grpc.aio.Channel | None = None
        self._used_at = 0.0
        self._methods: dict[str, Any] = {}
        self._then = then
        self._tasks: set[asyncio.Task[None]] = set()

    async def project(self) -> str:
        """Return the project's id."""
        return await self._google.project()

    async def unary(
        self, path: str, request: Any, response: Any, *, routing: str, timeout: float
    ) -> Any:
        """Call a method and return its response, of the class `response`.

        `request` is a message, or the bytes of one. `routing` is the value of the header
        x-goog-request-params. Raises `Unavailable`, whose text is the status's name: what a
        call as a whole is refused for may meet all calls alike.
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

    def connect(self) -> grpc.aio.Channel:
        """Return the channel; where there is none of late, make it and begin to connect."""
        now = time.monotonic()
        if self._channel is not None and now - self._used_at > IDLE_SECONDS:
            self._drop(self._channel)
        self._used_at = now
        if self._channel is None:
            self._channel = self._make()
            self._methods.clear()
            self._channel.get_state(try_to_connect=True)
            if self._then is not None:
                self._then.connect()
        return self._channel

    async def close(self) -> None:
        """Close the channel; calls under way are cut off."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _call(
        self, path: str, request: Any, response: Any, routing: str, timeout: float, *, stream: bool
    ) -> Any:
        channel = self.connect()
        try:
            headers = self._owner or self._google.headers()
            if not headers:
                started = time.monotonic()
                async with asyncio.timeout(timeout):
                    headers = await self._google.authorized()
                timeout = max(0.001, timeout - (time.monotonic() - started))
                channel = self.connect()
            # Escaped as the generated clients do: a name may hold what a header may not.
            metadata = (("x-goog-request-params", quote(routing, safe="=/")), *headers)
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
        except TimeoutError as error:
            raise status_error(_DEADLINE_EXCEEDED) from error
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                self._google.refused(headers)
            raise self._failed(error, channel, timeout) from error

    def _make(self) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_OPTIONS)
        return grpc.aio.secure_channel(
            self._target, grpc.ssl_channel_credentials(), options=_OPTIONS
        )

    def _failed(
        self, error: grpc.aio.AioRpcError, channel: grpc.aio.Channel, timeout: float
    ) -> BackendError:
        status: int = error.code().value[0]
        is_silent = status == _DEADLINE_EXCEEDED and timeout >= SILENT_SECONDS
        if is_silent and channel is self._channel:
            # The connection may be dead without a word: the next call makes a new one.
            self._drop(channel)
        return status_error(status)

    def _drop(self, channel: grpc.aio.Channel) -> None:
        """Forget the channel. Calls under way on it go on."""
        self._channel = None
        task = asyncio.get_running_loop().create_task(channel.close(grace=5))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_ERRORS: dict[int, type[Unavailable]] = {
    grpc.StatusCode.INVALID_ARGUMENT.value[0]: InvalidCall,
    grpc.StatusCode.NOT_FOUND.value[0]: NotFound,
    grpc.StatusCode.PERMISSION_DENIED.value[0]: Refused,
    grpc.StatusCode.FAILED_PRECONDITION.value[0]: Refused,
    grpc.StatusCode.UNAUTHENTICATED.value[0]: Refused,
}


def status_error(number: int) -> BackendError:
    """Return the error of a call's gRPC status number (google.rpc.Code)."""
    return _ERRORS.get(number, Unavailable)(_NAMES.get(number, str(number)))
