from __future__ import annotations

import asyncio
import datetime
import ipaddress
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import google.auth
import google.auth.exceptions
import google.oauth2.credentials
import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from envybox.errors import Rejected, Unavailable
from envybox.google import channel as channels
from envybox.google.channel import SILENT_SECONDS, Channel, Google, status_error
from envybox.google.messages import PublishRequest, PublishResponse
from tests.google.server import Api, serving

PATH = "/google.pubsub.v1.Publisher/Publish"
REQUEST = PublishRequest(topic="projects/example/topics/a")
NOWHERE = "192.0.2.1:443"
LONG = 20.0


async def publish(channel: Channel, *, timeout: float = LONG, request: Any = REQUEST) -> Any:
    """Make a call."""
    return await channel.unary(PATH, request, PublishResponse, routing="topic=a", timeout=timeout)


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


class Credentials:
    """Stands for `google.auth.default`; counts how often it was asked."""

    def __init__(self, project: str | None = "found") -> None:
        self.asked = 0
        self.project = project
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.called = threading.Event()

    def __call__(self, scopes: list[str]) -> tuple[Any, str | None]:
        assert scopes == ["https://www.googleapis.com/auth/cloud-platform"]
        self.asked += 1
        self.called.set()
        assert self.gate.wait(LONG)
        if self.error is not None:
            raise self.error
        return google.oauth2.credentials.Credentials("a-token"), self.project  # type: ignore[no-untyped-call]


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> Iterator[Credentials]:
    """The runtime's credentials."""
    credentials = Credentials()
    monkeypatch.setattr(google.auth, "default", credentials)
    yield credentials
    credentials.gate.set()


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
            routing = "name=projects/a/documents/заявки/1 b"
            await channel.unary(PATH, REQUEST, PublishResponse, routing=routing, timeout=LONG)
            await channel.close()
        assert ["name=projects/a/documents/%D0%B7%D0%B0%D1%8F%D0%B2%D0%BA%D0%B8/1%20b"] == [
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
                PATH, REQUEST, PublishResponse, routing="", timeout=LONG
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
                await channel.stream(PATH, REQUEST, PublishResponse, routing="", timeout=LONG)
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
            with pytest.raises((Rejected, Unavailable)) as caught:
                await publish(channel)
            await channel.close()
        expected = Rejected if code is grpc.StatusCode.INVALID_ARGUMENT else Unavailable
        assert (expected, code.name) == (type(caught.value), str(caught.value))
        assert len(api.paths) == 1, "no call is ever retried"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("number", "kind", "name"),
    [
        (3, Rejected, "INVALID_ARGUMENT"),
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
                await channel.stream(PATH, REQUEST, PublishResponse, routing="", timeout=0.05)
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
            await channel.connect()
            calls = [publish(channel, timeout=SILENT_SECONDS) for _ in range(5)]
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert ["DEADLINE_EXCEEDED"] * 5 == [str(error) for error in errors]
            made = await channel.connect()
            assert made is await channel.connect()
            api.methods["Publish"] = answer
            await publish(channel)
            assert made is await channel.connect()
            await channel.close()

    asyncio.run(scenario())


def test_same_channel_after_little_time() -> None:
    """A call that had little time left says nothing of the connection: it is kept."""

    async def scenario() -> None:
        async with serving(Api(Publish=hang)) as address:
            channel = emulated(address)
            made = await channel.connect()
            with pytest.raises(Unavailable):
                await publish(channel, timeout=SILENT_SECONDS / 10)
            assert made is await channel.connect()
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


# Credentials and project


def test_emulator_needs_no_credentials(default: Credentials) -> None:
    """With an emulator and a project nobody is asked for credentials."""

    async def scenario() -> None:
        async with serving(Api(Publish=answer)) as address:
            channel = emulated(address)
            assert await channel.project() == "example"
            await publish(channel)
            await channel.close()

    asyncio.run(scenario())
    assert default.asked == 0


def test_emulator_without_project(default: Credentials) -> None:
    """With an emulator but no project the runtime's own is found."""

    async def scenario() -> None:
        channel = Channel(Google(""), NOWHERE, "127.0.0.1:1")
        assert await channel.project() == "found"

    asyncio.run(scenario())
    assert default.asked == 1


@pytest.mark.parametrize(("named", "found"), [("", "found"), ("named", "named")])
def test_found_once(default: Credentials, named: str, found: str) -> None:
    """Both channels, and calls in parallel, share what was found once; a named project wins."""

    async def scenario() -> None:
        google_ = Google(named)
        pair = [Channel(google_, NOWHERE, "") for _ in range(2)]
        projects = await asyncio.gather(*(channel.project() for channel in pair * 5))
        assert [found] * 10 == projects
        assert await google_.credentials() is await google_.credentials()

    asyncio.run(scenario())
    assert default.asked == 1


@pytest.mark.parametrize("project", [None, ""])
def test_no_project(default: Credentials, project: str | None) -> None:
    """Credentials without a project, and none named, leave it unavailable, with advice."""
    default.project = project

    async def scenario() -> None:
        with pytest.raises(Unavailable, match="set GOOGLE_CLOUD_PROJECT"):
            await Channel(Google(""), NOWHERE, "").project()

    asyncio.run(scenario())


def test_no_credentials(default: Credentials) -> None:
    """Without credentials it is unavailable, with advice; they are looked for again later."""

    async def scenario() -> None:
        channel = Channel(Google("example"), NOWHERE, "")
        default.error = google.auth.exceptions.DefaultCredentialsError("none")
        for _ in range(2):
            with pytest.raises(Unavailable, match="no credentials: deploy it"):
                await channel.project()
        default.error = None
        assert await channel.project() == "example"

    asyncio.run(scenario())
    assert default.asked == 3


def test_slow_credentials(default: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metadata server that hangs holds up no call; what it says late serves the next ones."""
    monkeypatch.setattr(channels, "CREDENTIALS_SECONDS", 0.05)
    default.gate.clear()

    async def scenario() -> None:
        channel = Channel(Google(""), NOWHERE, "")
        for _ in range(3):
            with pytest.raises(Unavailable, match="no credentials yet"):
                await channel.project()
        default.gate.set()
        while True:
            try:
                assert await channel.project() == "found"
            except Unavailable:
                continue
            break

    asyncio.run(scenario())
    assert default.asked == 1


def test_late_failure(default: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that fail when nobody waits any more are looked for by the next call."""
    monkeypatch.setattr(channels, "CREDENTIALS_SECONDS", 0.05)
    default.gate.clear()
    default.error = google.auth.exceptions.DefaultCredentialsError("none")

    async def scenario() -> None:
        google_ = Google("")
        with pytest.raises(Unavailable):
            await google_.credentials()
        default.gate.set()
        while default.asked == 1:
            with pytest.raises(Unavailable):
                await google_.credentials()

    asyncio.run(scenario())


def test_cancelled_search(default: Credentials) -> None:
    """A loop that ends while credentials are looked for ends without a complaint."""
    default.gate.clear()

    async def scenario() -> None:
        search = asyncio.create_task(Google("").credentials())
        await asyncio.to_thread(default.called.wait, LONG)
        search.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task(), search}:
            task.cancel()
        await asyncio.gather(search, return_exceptions=True)
        default.gate.set()

    asyncio.run(scenario())


# The API itself: TLS and tokens


@pytest.fixture(scope="module")
def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, form, plain), made.public_bytes(pem)


def test_token(
    default: Credentials, monkeypatch: pytest.MonkeyPatch, certificate: tuple[bytes, bytes]
) -> None:
    """Calls to the API itself go by TLS and carry the token, which is looked for once."""
    trust = grpc.ssl_channel_credentials(certificate[1])
    monkeypatch.setattr(channels.grpc, "ssl_channel_credentials", lambda: trust)

    async def scenario() -> None:
        api = Api(Publish=answer)
        async with serving(api, grpc.ssl_server_credentials([certificate])) as address:
            google_ = Google("")
            pair = [Channel(google_, address, "") for _ in range(2)]
            for channel in pair:
                await asyncio.gather(*(publish(channel) for _ in range(3)))
                await channel.close()
        assert ["Bearer a-token"] * 6 == [one["authorization"] for one in api.metadata]

    asyncio.run(scenario())
    assert default.asked == 1


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


def test_connect_without_credentials(default: Credentials) -> None:
    """A call that cannot even connect is unavailable, and the next one tries again."""
    default.error = google.auth.exceptions.DefaultCredentialsError("none")

    async def scenario() -> None:
        channel = Channel(Google("example"), NOWHERE, "")
        for _ in range(2):
            with pytest.raises(Unavailable, match="no credentials"):
                await publish(channel)

    asyncio.run(scenario())
    assert default.asked == 2


def test_time_limit_of_connecting(default: Credentials) -> None:
    """The time that connecting takes is the call's own."""
    default.gate.clear()

    async def scenario() -> None:
        with pytest.raises(Unavailable, match=r"^DEADLINE_EXCEEDED$"):
            await publish(Channel(Google(""), NOWHERE, ""), timeout=0.05)
        default.gate.set()

    asyncio.run(scenario())
