from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import grpc.aio
import pytest

from envybox.errors import Unavailable
from envybox.google import channel as channels
from envybox.google.channel import FROZEN_SECONDS, SILENT_SECONDS, Channel
from envybox.google.credentials import Google
from envybox.receiver.deadline import TOTAL_SECONDS
from envybox.receiver.recovery import DRAIN_SECONDS
from tests.google.channels import NOWHERE, answer, emulated, hang, publish
from tests.google.http2 import going_away
from tests.google.server import Api, serving
from tests.official import PublishResponse


def test_new_channel_after_a_time_out() -> None:
    """After a call timed out the next one has a new connection; those under way go on."""

    async def scenario() -> None:
        arrived, release = asyncio.Event(), asyncio.Event()
        peers = []

        async def late(_request: bytes, context: Any) -> Any:
            peers.append(context.peer())
            arrived.set()
            await release.wait()
            return PublishResponse(message_ids=["late"])

        async def swift(_request: bytes, context: Any) -> Any:
            peers.append(context.peer())
            return PublishResponse(message_ids=["swift"])

        api = Api(Publish=late)
        async with serving(api) as address:
            channel = emulated(address)
            under_way = asyncio.create_task(publish(channel))
            await arrived.wait()
            with pytest.raises(Unavailable):
                await publish(channel, timeout=SILENT_SECONDS)
            api.methods["Publish"] = swift
            assert ["swift"] == list((await publish(channel)).message_ids)
            assert ["swift"] == list((await publish(channel)).message_ids)
            release.set()
            assert ["late"] == list((await under_way).message_ids)
            await channel.close()
        assert peers[0] == peers[1] != peers[2] == peers[3]

    asyncio.run(scenario())


def test_a_call_that_ends_with_its_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """What outlasts a channel that was given up fails as any call, and cancels nobody."""
    monkeypatch.setattr(channels, "GRACE_SECONDS", 0.1)

    async def scenario() -> None:
        async with serving(Api(Publish=hang)) as address:
            channel = emulated(address)
            under_way = asyncio.create_task(publish(channel))
            with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
                await publish(channel, timeout=SILENT_SECONDS)
            with pytest.raises(Unavailable, match="CANCELLED"):
                async with asyncio.timeout(4):
                    await under_way
            await channel.close()

    asyncio.run(scenario())


def test_no_call_outlasts_its_channel() -> None:
    """The longest time that a call is given is over before its channel is closed for good."""
    assert max(DRAIN_SECONDS, TOTAL_SECONDS) < channels.GRACE_SECONDS


def test_a_call_that_is_given_up() -> None:
    """Who is cancelled himself while a call is under way is cancelled."""

    async def scenario() -> None:
        async with serving(Api(Publish=hang)) as address:
            channel = emulated(address)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await publish(channel)
            await channel.close()

    asyncio.run(scenario())


def test_same_channel_after_other_errors() -> None:
    """An answer, whatever it says, is proof of a connection that works: it is kept."""

    async def scenario() -> None:
        peers = []

        async def refuse(_request: bytes, context: Any) -> None:
            peers.append(context.peer())
            await context.abort(grpc.StatusCode.UNAVAILABLE)

        async with serving(Api(Publish=refuse)) as address:
            channel = emulated(address)
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await publish(channel)
            await channel.close()
        assert 1 == len(set(peers))

    asyncio.run(scenario())


def test_one_new_channel_for_many_time_outs() -> None:
    """Calls that time out together make one new connection, not one each."""

    async def scenario() -> None:
        api = Api(Publish=hang)
        async with serving(api) as address:
            channel = emulated(address)
            channel.connect()
            calls = [publish(channel, timeout=SILENT_SECONDS) for _ in range(5)]
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert ["DEADLINE_EXCEEDED"] * 5 == [str(error) for error in errors]
            made = channel.connect()
            assert made is channel.connect()
            api.methods["Publish"] = answer
            await publish(channel)
            assert made is channel.connect()
            await channel.close()

    asyncio.run(scenario())


def test_same_channel_after_little_time() -> None:
    """A call that had little time left says nothing of the connection: it is kept."""

    async def scenario() -> None:
        async with serving(Api(Publish=hang)) as address:
            channel = emulated(address)
            made = channel.connect()
            with pytest.raises(Unavailable):
                await publish(channel, timeout=SILENT_SECONDS / 10)
            assert made is channel.connect()
            await channel.close()

    asyncio.run(scenario())


def test_same_channel_after_a_freeze() -> None:
    """A call whose time ran out while the process was frozen says nothing of the connection."""

    async def scenario() -> None:
        arrived = asyncio.Event()

        async def never(_request: bytes, _context: Any) -> None:
            arrived.set()
            await asyncio.Event().wait()

        async with serving(Api(Publish=never)) as address:
            channel = emulated(address)
            made = channel.connect()
            call = asyncio.create_task(publish(channel, timeout=SILENT_SECONDS))
            await arrived.wait()
            time.sleep(SILENT_SECONDS + 2 * FROZEN_SECONDS)  # noqa: ASYNC251 # the freeze
            with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
                await call
            assert made is channel.connect()
            await channel.close()

    asyncio.run(scenario())


def test_what_no_server_took_is_sent_again() -> None:
    """A call that came as the server ended the connection, and did not begin, is sent again."""

    async def scenario() -> None:
        async with going_away() as (address, streams):
            channel = emulated(address)
            with pytest.raises(Unavailable, match=r"^NOT_FOUND$"):  # the second stream's answer
                await publish(channel)
            await channel.close()
        assert 2 == len(streams)

    asyncio.run(scenario())


def test_new_channel_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used for long is connected anew, both channels: neither is found silent."""

    async def scenario() -> None:
        peers = []

        async def tell(_request: bytes, context: Any) -> Any:
            peers.append(context.peer())
            return PublishResponse(message_ids=["1"])

        async with serving(Api(Publish=tell)) as address:
            second = emulated(address)
            first = Channel(Google("example"), NOWHERE, address, second)
            for channel in (first, second, first, second):
                await publish(channel)
            assert peers[:2] == peers[2:]
            monkeypatch.setattr(channels, "IDLE_SECONDS", -1.0)
            first.connect()
            monkeypatch.undo()
            for channel in (first, second):
                await publish(channel)
            assert 4 == len(set(peers))
            for channel in (first, second):
                await channel.close()

    asyncio.run(scenario())
