"""Channels to Google's APIs: connections, time limits, errors.

Stubs are made on the channel itself, for the generated clients cost a quarter of a
request's CPU (docs/performance.md). What they would do beside is
done here: the routing header, the header with the token, and the mapping of errors. What
they would do in secret is not: no call that Google may have seen is ever sent again. What
else their calls carry, and why ours do not: docs/google-calls.md.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from envybox.errors import BackendError, CallRefused, InvalidCall, NotFound, Unavailable
from envybox.google.credentials import Google, Headers

# Since 1.80 gRPC's Python has other threads than the one that polls, and each event of a call
# changes between them (docs/performance.md). It reads this once, when it is imported. A release
# that does not know it any more says so on standard error: a test tells.
_GIVEN = os.environ.get("GRPC_EXPERIMENTS")
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client")
import grpc  # noqa: E402 - what it reads is set first
import grpc.aio  # noqa: E402 - as above

if _GIVEN is None:  # the children of this process have nothing to do with it
    del os.environ["GRPC_EXPERIMENTS"]

GRACE_SECONDS = 30.0
"""How long calls go on after their channel was given up: longer than any call may take."""

T = TypeVar("T")

_OPTIONS = [
    # The defaults wait up to two minutes before they connect again after an outage.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),  # also how long a connection may take to make
    ("grpc.max_reconnect_backoff_ms", 300),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Two channels to the same host must not share what one of them found broken.
    ("grpc.use_local_subchannel_pool", 1),
    # A call whose bytes never reached a server's hands, as when the connection had ended
    # unseen, gRPC sends again by itself: that does no harm, and `grpc.enable_retries` stays on
    # for it. More than that only a service config orders, which DNS could bring.
    ("grpc.service_config_disable_resolution", 1),
]
IDLE_SECONDS = 120.0
"""How long a connection may go unused before the next call makes a new one. An instance that
slept does not see its connections end: both APIs would be found silent, one after the other,
and the webhook that woke it would be lost to the time limits."""

SILENT_SECONDS = 0.5
"""How long a connection must have said nothing to be taken for dead: a call may have had
little time left."""

FROZEN_SECONDS = 0.5
"""A call that ends so much later than its time was not waited for all that while: the process
was frozen, and the connection had nobody to say a word to."""


def routing(**params: str) -> Headers:
    """Return the header by which Google finds the server of a resource.

    Escaped as the generated clients do: a name may hold what a header may not.
    """
    return (("x-goog-request-params", urlencode(params, safe="/", quote_via=quote)),)


async def _within(timeout: float, waiting: Awaitable[T]) -> tuple[T, float]:
    """Wait no longer than this; return what came of it, and the time that is left."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            found = await waiting
    except TimeoutError as error:
        raise status_error(_DEADLINE_EXCEEDED) from error
    return found, max(0.001, timeout - (time.monotonic() - started))


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

    async def ready(self, timeout: float) -> float:
        """Wait until the project's id is known; return what is left of the time.

        A call begins with it, so that to ask the runtime is a part of the call's time. Raises
        `Unavailable`.
        """
        if self._google.knows_project:
            return timeout
        _, left = await _within(timeout, self._google.project())
        return left

    async def unary(
        self, path: str, request: Any, response: Any, *, headers: Headers, timeout: float
    ) -> Any:
        """Call a method and return its response, of the class `response`.

        `request` is a message, or the bytes of one. `headers` are those beside the token, as
        `routing` makes one. Raises `Unavailable`, whose text is the status's name: what a
        call as a whole is refused for may meet all calls alike.
        """
        return await self._call(path, request, response, headers, timeout, stream=False)

    async def stream(
        self, path: str, request: Any, response: Any, *, headers: Headers, timeout: float
    ) -> list[Any]:
        """Call a method that streams, and return all its responses; else as `unary`."""
        responses: list[Any] = await self._call(
            path, request, response, headers, timeout, stream=True
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
        self,
        path: str,
        request: Any,
        response: Any,
        headers: Headers,
        timeout: float,
        *,
        stream: bool,
    ) -> Any:
        channel = self.connect()
        token = self._owner or self._google.headers()
        if not token:
            token, timeout = await _within(timeout, self._google.authorized())
            channel = self.connect()
        method = self._methods.get(path)
        if method is None:
            make = channel.unary_stream if stream else channel.unary_unary
            method = self._methods[path] = make(
                path,
                request_serializer=getattr(type(request), "SerializeToString", None),
                response_deserializer=response.FromString,
            )
        gives_up_at = time.monotonic() + timeout
        try:
            call = method(request, timeout=timeout, metadata=(*headers, *token))
            return [message async for message in call] if stream else await call
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise Unavailable("CANCELLED") from error  # with its channel: nobody has given it up
        except grpc.aio.AioRpcError as error:
            status: int = error.code().value[0]
            if status == _UNAUTHENTICATED:
                self._google.refused(token)
            is_silent = status == _DEADLINE_EXCEEDED and timeout >= SILENT_SECONDS
            was_frozen = time.monotonic() - gives_up_at > FROZEN_SECONDS
            if is_silent and not was_frozen and channel is self._channel:
                # The connection may be dead without a word: the next call makes a new one.
                self._drop(channel)
            raise status_error(status) from error

    def _make(self) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=_OPTIONS)
        return grpc.aio.secure_channel(
            self._target, grpc.ssl_channel_credentials(), options=_OPTIONS
        )

    def _drop(self, channel: grpc.aio.Channel) -> None:
        """Forget the channel. Calls under way on it go on."""
        self._channel = None
        task = asyncio.get_running_loop().create_task(channel.close(GRACE_SECONDS))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_DEADLINE_EXCEEDED: int = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
_UNAUTHENTICATED: int = grpc.StatusCode.UNAUTHENTICATED.value[0]
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_ERRORS: dict[int, type[Unavailable]] = {
    grpc.StatusCode.INVALID_ARGUMENT.value[0]: InvalidCall,
    grpc.StatusCode.NOT_FOUND.value[0]: NotFound,
    grpc.StatusCode.PERMISSION_DENIED.value[0]: CallRefused,
    grpc.StatusCode.FAILED_PRECONDITION.value[0]: CallRefused,
    grpc.StatusCode.UNAUTHENTICATED.value[0]: CallRefused,
}


def status_error(number: int) -> BackendError:
    """Return the error of a call's gRPC status number (google.rpc.Code)."""
    return _ERRORS.get(number, Unavailable)(_NAMES.get(number, str(number)))
