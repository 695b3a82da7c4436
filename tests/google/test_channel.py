from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import google.auth
import google.auth.exceptions
import google.oauth2.credentials
import grpc
import grpc.aio
import pytest

from envybox.errors import CallRefused, InvalidCall, NotFound, Unavailable
from envybox.google import channel as channels
from envybox.google.channel import FROZEN_SECONDS, SILENT_SECONDS, Channel, routing, status_error
from envybox.google.credentials import Google
from envybox.google.messages import PublishRequest, PublishResponse
from tests.google.default import Default
from tests.google.http2 import going_away
from tests.google.server import Api, serving

PATH = "/google.pubsub.v1.Publisher/Publish"
REQUEST = PublishRequest(topic="projects/example/topics/a")
NOWHERE = "192.0.2.1:443"
LONG = 20.0


async def publish(channel: Channel, *, timeout: float = LONG, request: Any = REQUEST) -> Any:
    """Make a call."""
    return await channel.unary(
        PATH, request, PublishResponse, headers=routing(topic="a"), timeout=timeout
    )


def emulated(address: str) -> Channel:
    """Return a channel to an emulator."""
    return Channel(Google("example"), NOWHERE, address)


async def answer(request: bytes, _context: Any) -> Any:
    """Answer with the request's topic."""
    return PublishResponse(message_ids=[PublishRequest.FromString(request).topic])


def refusing(code: grpc.StatusCode) -> Callable[[bytes, Any], Any]:
    """Return a method that answers with an error."""

    async def refuse(_request: bytes, context: Any) -> None:
        await context.abort(code, "details with +79000000000")

    return refuse


async def hang(_request: bytes, _context: Any) -> None:
    """Never answer."""
    await asyncio.Event().wait()


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
