from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Unavailable
from envybox.google.channel import routing, status_error
from tests.google.channels import LONG, PATH, REQUEST, answer, emulated, hang, publish
from tests.google.server import Api, serving
from tests.official import PublishResponse


def refusing(code: grpc.StatusCode) -> Callable[[bytes, Any], Any]:
    """Return a method that answers with an error."""

    async def refuse(_request: bytes, context: Any) -> None:
        await context.abort(code, "details with +79000000000")

    return refuse


# Calls


@pytest.mark.parametrize("request_", [REQUEST, REQUEST.SerializeToString()])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_call(request_: Any, scheme: str) -> None:
    """A call takes a message or its bytes, and carries the routing header and the owner's."""

    async def scenario() -> None:
        api = Api(Publish=answer)
        async with serving(api) as address:
            channel = emulated(f"{scheme}{address}/" if scheme else address)
            response = await publish(channel, request=request_)
            again = await publish(channel, request=request_)
            await channel.close()
        assert ["projects/example/topics/a"] == list(response.message_ids)
        assert response == again
        assert [PATH] * 2 == api.paths
        assert {
            "x-goog-request-params": "topic=a",
            "authorization": "Bearer owner",
        }.items() <= api.metadata[0].items()

    asyncio.run(scenario())


def test_routing_header() -> None:
    """A name that no header can hold is escaped in the routing header."""

    async def scenario() -> None:
        api = Api(Publish=answer)
        async with serving(api) as address:
            channel = emulated(address)
            headers = routing(project_id="example.com:a", name="projects/a/заявки/1 b&c=d")
            await channel.unary(PATH, REQUEST, PublishResponse, headers=headers, timeout=LONG)
            await channel.close()
        escaped = "%D0%B7%D0%B0%D1%8F%D0%B2%D0%BA%D0%B8/1%20b%26c%3Dd"
        assert [f"project_id=example.com%3Aa&name=projects/a/{escaped}"] == [
            one["x-goog-request-params"] for one in api.metadata
        ]

    asyncio.run(scenario())


def test_stream() -> None:
    """A call that streams gives all that came."""

    async def stream(_request: bytes, _context: Any) -> Any:
        for number in range(3):
            yield PublishResponse(message_ids=[str(number)])

    async def scenario() -> None:
        async with serving(Api(Publish=stream)) as address:
            channel = emulated(address)
            responses = await channel.stream(
                PATH, REQUEST, PublishResponse, headers=(), timeout=LONG
            )
            await channel.close()
        assert [["0"], ["1"], ["2"]] == [list(one.message_ids) for one in responses]

    asyncio.run(scenario())


def test_broken_stream() -> None:
    """A stream that breaks off is an error, not a short answer."""

    async def stream(_request: bytes, context: Any) -> Any:
        yield PublishResponse()
        await context.abort(grpc.StatusCode.ABORTED)

    async def scenario() -> None:
        async with serving(Api(Publish=stream)) as address:
            channel = emulated(address)
            with pytest.raises(Unavailable, match=r"^ABORTED$"):
                await channel.stream(PATH, REQUEST, PublishResponse, headers=(), timeout=LONG)
            await channel.close()

    asyncio.run(scenario())


# Errors


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0] != 0])
def test_errors(code: grpc.StatusCode) -> None:
    """Each status is the error of its name; the message, which may quote values, is left out."""

    async def scenario() -> None:
        api = Api(Publish=refusing(code))
        async with serving(api) as address:
            channel = emulated(address)
            with pytest.raises(Unavailable) as caught:
                await publish(channel)
            await channel.close()
        assert code.name == str(caught.value)
        assert len(api.paths) == 1, "no call is ever retried"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("number", "kind", "name"),
    [
        (3, InvalidCall, "INVALID_ARGUMENT"),
        (5, NotFound, "NOT_FOUND"),
        (7, CallRefused, "PERMISSION_DENIED"),
        (9, CallRefused, "FAILED_PRECONDITION"),
        (16, CallRefused, "UNAUTHENTICATED"),
        (6, Unavailable, "ALREADY_EXISTS"),
        (8, Unavailable, "RESOURCE_EXHAUSTED"),
        (14, Unavailable, "UNAVAILABLE"),
        (99, Unavailable, "99"),
    ],
)
def test_status_error(number: int, kind: type, name: str) -> None:
    """A status number, as those of a batch, is told by its name."""
    error = status_error(number)
    assert (kind, name) == (type(error), str(error))


def test_nobody_listens() -> None:
    """Where nobody listens a call fails at once."""

    async def scenario() -> None:
        async with serving(Api()) as address:
            pass
        channel = emulated(address)
        started = time.monotonic()
        with pytest.raises(Unavailable, match=r"^UNAVAILABLE$"):
            await publish(channel)
        assert time.monotonic() - started < LONG / 2
        await channel.close()

    asyncio.run(scenario())


# Time limits, and what follows them


def test_time_limit() -> None:
    """A call that is not answered ends within its time."""

    async def scenario() -> None:
        async with serving(Api(Publish=hang)) as address:
            channel = emulated(address)
            started = time.monotonic()
            with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
                await publish(channel, timeout=0.05)
            assert 0.04 < time.monotonic() - started < LONG / 2
            await channel.close()

    asyncio.run(scenario())


def test_time_limit_of_a_stream() -> None:
    """So does one that was answered in part."""

    async def stream(_request: bytes, _context: Any) -> Any:
        yield PublishResponse()
        await asyncio.Event().wait()

    async def scenario() -> None:
        async with serving(Api(Publish=stream)) as address:
            channel = emulated(address)
            with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
                await channel.stream(PATH, REQUEST, PublishResponse, headers=(), timeout=0.05)
            await channel.close()

    asyncio.run(scenario())


def test_close() -> None:
    """Closing twice, or what was never used, does no harm; a call after it connects again."""

    async def scenario() -> None:
        async with serving(Api(Publish=answer)) as address:
            channel = emulated(address)
            await channel.close()
            await publish(channel)
            await channel.close()
            await channel.close()
            await publish(channel)
            await channel.close()

    asyncio.run(scenario())
