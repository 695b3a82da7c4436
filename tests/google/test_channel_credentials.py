from __future__ import annotations

import asyncio
import threading
from typing import Any

import google.auth
import google.auth.exceptions
import google.oauth2.credentials
import grpc
import grpc.aio
import pytest

from envybox.errors import Unavailable
from envybox.google import channel as channels
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from tests.google.channels import LONG, NOWHERE, answer, publish
from tests.google.default import Default
from tests.google.server import Api, serving
from tests.official import PublishResponse

# The API itself: TLS and tokens


def test_token(default: Default, trusting: grpc.ServerCredentials) -> None:
    """Calls to the API itself go by TLS and carry the token, which is looked for once."""

    async def scenario() -> None:
        api = Api(Publish=answer)
        async with serving(api, trusting) as address:
            google_ = Google("")
            pair = [Channel(google_, address, "") for _ in range(2)]
            for channel in pair:
                await asyncio.gather(*(publish(channel) for _ in range(3)))
                await channel.close()
        assert ["Bearer token 1"] * 6 == [one["authorization"] for one in api.metadata]

    asyncio.run(scenario())
    assert 1 == default.asked


@pytest.mark.usefixtures("default")
def test_refused_token(trusting: grpc.ServerCredentials) -> None:
    """After a token was refused the next call has another."""

    async def refuse_first(request: bytes, context: Any) -> Any:
        if len(api.metadata) == 1:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED)
        return await answer(request, context)

    api = Api(Publish=refuse_first)

    async def scenario() -> None:
        async with serving(api, trusting) as address:
            channel = Channel(Google(""), address, "")
            with pytest.raises(Unavailable, match="UNAUTHENTICATED"):
                await publish(channel)
            await publish(channel)
            await channel.close()

    asyncio.run(scenario())
    assert ["Bearer token 1", "Bearer token 2"] == [one["authorization"] for one in api.metadata]


def test_no_thread_a_call(default: Default, trusting: grpc.ServerCredentials) -> None:
    """Calls that have a token start no threads."""

    async def scenario() -> None:
        async with serving(Api(Publish=answer), trusting) as address:
            channel = Channel(Google(""), address, "")
            await publish(channel)
            before = threading.active_count()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(threading.Thread, "start", lambda _: pytest.fail("a thread"))
                await asyncio.gather(*(publish(channel) for _ in range(10)))
            assert before == threading.active_count()
            await channel.close()

    asyncio.run(scenario())
    assert 1 == default.asked


@pytest.mark.usefixtures("default")
def test_untrusted(certificate: tuple[bytes, bytes]) -> None:
    """A server that is not whom it should be gets neither a call nor a token."""

    async def scenario() -> None:
        api = Api(Publish=answer)
        async with serving(api, grpc.ssl_server_credentials([certificate])) as address:
            channel = Channel(Google(""), address, "")
            with pytest.raises(Unavailable):
                await publish(channel, timeout=5)
            await channel.close()
        assert [] == api.paths

    asyncio.run(scenario())


def test_without_credentials(default: Default) -> None:
    """A call that nobody authorizes is unavailable, and the next one tries again."""
    default.error = google.auth.exceptions.DefaultCredentialsError("none")

    async def scenario() -> None:
        channel = Channel(Google("example"), NOWHERE, "")
        for _ in range(2):
            with pytest.raises(Unavailable, match="no credentials"):
                await publish(channel)
        await channel.close()

    asyncio.run(scenario())
    assert 2 == default.asked


def test_time_limit_of_credentials(default: Default) -> None:
    """The time that waiting for credentials takes is the call's own."""
    default.gate.clear()

    async def scenario() -> None:
        channel = Channel(Google(""), NOWHERE, "")
        with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
            await publish(channel, timeout=0.05)
        default.gate.set()
        await channel.close()

    asyncio.run(scenario())


def test_waiting_for_credentials_is_the_calls_time(
    default: Default, trusting: grpc.ServerCredentials
) -> None:
    """What waiting took is no longer the call's to spend."""
    default.takes = 0.1

    async def scenario() -> None:
        left = []

        async def tell(_request: bytes, context: Any) -> Any:
            left.append(context.time_remaining())
            return PublishResponse(message_ids=["1"])

        async with serving(Api(Publish=tell), trusting) as address:
            channel = Channel(Google(""), address, "")
            await publish(channel)
            await channel.close()
        assert left[0] <= LONG - 2 * default.takes  # it is asked for credentials, then a token

    asyncio.run(scenario())


def test_new_channel_while_credentials_are_found(
    default: Default, monkeypatch: pytest.MonkeyPatch, trusting: grpc.ServerCredentials
) -> None:
    """A call that waited for credentials goes by the channel that there is then."""
    default.gate.clear()

    async def scenario() -> None:
        async with serving(Api(Publish=answer), trusting) as address:
            channel = Channel(Google(""), address, "")
            call = asyncio.create_task(publish(channel))
            await asyncio.to_thread(default.called.wait, LONG)
            monkeypatch.setattr(channels, "IDLE_SECONDS", -1.0)
            channel.connect()
            monkeypatch.setattr(channels, "IDLE_SECONDS", LONG)
            default.gate.set()
            await call
            await publish(channel)
            await channel.close()

    asyncio.run(scenario())


def test_connects_while_credentials_are_found(
    default: Default, trusting: grpc.ServerCredentials
) -> None:
    """The connection is there when the credentials are: the two do not wait for each other."""
    default.gate.clear()

    async def scenario() -> None:
        async with serving(Api(Publish=answer), trusting) as address:
            channel = Channel(Google(""), address, "")
            call = asyncio.create_task(publish(channel))
            await asyncio.to_thread(default.called.wait, LONG)
            made = channel.connect()
            while made.get_state() is not grpc.ChannelConnectivity.READY:
                await made.wait_for_state_change(made.get_state())
            assert not call.done()
            default.gate.set()
            await call
            await channel.close()

    asyncio.run(scenario())
