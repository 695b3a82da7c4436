from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import google.auth.exceptions
import pytest

from envybox.errors import Unavailable
from envybox.google import credentials
from envybox.google.channel import Channel
from envybox.google.credentials import LEAST_SECONDS, RENEW_SECONDS, Google
from tests.google.default import LONG, Default
from tests.google.server import Api, serving
from tests.official import PublishRequest, PublishResponse

NONE = google.auth.exceptions.DefaultCredentialsError("none")
ENDED = timedelta(seconds=LEAST_SECONDS - 1)
ENDING = timedelta(seconds=RENEW_SECONDS - 5)
FRESH = timedelta(seconds=RENEW_SECONDS + 60)


def bearer(number: int) -> tuple[tuple[str, str], ...]:
    """Return the header with a token."""
    return (("authorization", f"Bearer token {number}"),)


# The project


@pytest.mark.parametrize("emulator", ["", "127.0.0.1:1"])
def test_named_project(default: Default, emulator: str) -> None:
    """A project that is named needs no asking."""

    async def scenario() -> None:
        assert "example" == await Channel(Google("example"), "", emulator).project()

    asyncio.run(scenario())
    assert 0 == default.asked


def test_found_once(default: Default) -> None:
    """Both channels, and calls in parallel, share what was found once."""

    async def scenario() -> None:
        google_ = Google("")
        pair = [Channel(google_, "", "") for _ in range(2)]
        projects = await asyncio.gather(*(channel.project() for channel in pair * 5))
        assert ["found"] * 10 == projects
        assert [bearer(1)] * 5 == [await google_.authorized() for _ in range(5)]

    asyncio.run(scenario())
    assert (1, 1) == (default.asked, default.tokens)


@pytest.mark.parametrize("project", [None, ""])
def test_no_project(default: Default, project: str | None) -> None:
    """Credentials without a project, and none named, leave it unavailable, with advice."""
    default.project = project

    async def scenario() -> None:
        with pytest.raises(Unavailable, match="set GOOGLE_CLOUD_PROJECT"):
            await Google("").project()

    asyncio.run(scenario())


def test_emulator_needs_no_credentials(default: Default) -> None:
    """With an emulator and a project nobody is asked for credentials."""

    async def answer(_request: bytes, _context: object) -> object:
        return PublishResponse(message_ids=["1"])

    async def scenario() -> None:
        async with serving(Api(Publish=answer)) as address:
            channel = Channel(Google("example"), "", address)
            path = "/google.pubsub.v1.Publisher/Publish"
            await channel.unary(path, PublishRequest(), PublishResponse, headers=(), timeout=LONG)
            await channel.close()

    asyncio.run(scenario())
    assert 0 == default.asked


# The token


def test_renewed_before_its_end(default: Default) -> None:
    """A token that is about to end serves on while the next one is fetched, once."""
    default.lasts = ENDING

    async def scenario() -> None:
        google_ = Google("example")
        assert bearer(1) == await google_.authorized()
        default.lasts = FRESH
        default.called.clear()
        default.gate.clear()
        assert [bearer(1)] * 10 == [google_.headers() for _ in range(10)]
        await asyncio.to_thread(default.called.wait, LONG)
        default.gate.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        assert [bearer(2)] * 10 == [google_.headers() for _ in range(10)]

    asyncio.run(scenario())
    assert (1, 2) == (default.asked, default.tokens)


def test_waited_for_after_its_end(default: Default) -> None:
    """A token that has ended or is just about to, as after an instance slept, is used no more."""
    default.lasts = ENDED

    async def scenario() -> None:
        google_ = Google("example")
        await google_.authorized()
        asked = default.tokens
        default.lasts = FRESH
        assert () == google_.headers()
        fresh = bearer(asked + 1)
        assert [fresh] * 5 == await asyncio.gather(*(google_.authorized() for _ in range(5)))
        assert fresh == google_.headers()

    asyncio.run(scenario())
    assert 1 == default.asked


def test_renewed_over_a_sleep(default: Default) -> None:
    """A token whose renewal began before the instance slept, and that has ended, is not used."""
    default.lasts, default.then_lasts = ENDED, FRESH

    async def scenario() -> None:
        assert bearer(2) == await Google("example").authorized()

    asyncio.run(scenario())


def test_nothing_but_ended_tokens(default: Default) -> None:
    """Where all tokens seem to have ended this machine's clock is wrong, and they are used."""
    default.lasts = ENDED

    async def scenario() -> None:
        assert bearer(2) == await Google("example").authorized()

    asyncio.run(scenario())


def test_refused(default: Default) -> None:
    """A token that Google refused is used no more; what calls before it had costs no other."""
    default.lasts = FRESH

    async def scenario() -> None:
        google_ = Google("example")
        first = await google_.authorized()
        google_.refused(first)
        second = await google_.authorized()
        google_.refused(first)
        assert (bearer(1), bearer(2), bearer(2)) == (first, second, google_.headers())

    asyncio.run(scenario())


def test_renewal_fails(default: Default, caplog: pytest.LogCaptureFixture) -> None:
    """While a token is good, a renewal that fails costs nothing, and nobody complains."""
    default.lasts = ENDING

    async def scenario() -> None:
        google_ = Google("example")
        await google_.authorized()
        default.error = google.auth.exceptions.TransportError("down")
        for _ in range(3):
            assert bearer(1) == google_.headers()
            renewing = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(renewing)

    asyncio.run(scenario())
    gc.collect()
    assert "" == caplog.text


# What fails


@pytest.mark.parametrize("error", [NONE, PermissionError("the file"), ValueError("its JSON")])
def test_no_credentials(default: Default, error: Exception) -> None:
    """Without credentials it is unavailable, with advice; they are looked for again later."""

    async def scenario() -> None:
        google_ = Google("example")
        default.error = error
        for _ in range(2):
            with pytest.raises(Unavailable, match="no credentials: deploy it"):
                await google_.authorized()
        default.error = None
        assert bearer(1) == await google_.authorized()

    asyncio.run(scenario())
    assert 3 == default.asked


def test_slow_credentials(default: Default, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metadata server that hangs holds up no call; what it says late serves the next ones."""
    monkeypatch.setattr(credentials, "CREDENTIALS_SECONDS", 0.05)
    default.gate.clear()

    async def scenario() -> None:
        google_ = Google("")
        for _ in range(3):
            with pytest.raises(Unavailable, match="no credentials yet"):
                await google_.authorized()
        default.gate.set()
        while True:
            try:
                assert bearer(1) == await google_.authorized()
            except Unavailable:
                continue
            break

    asyncio.run(scenario())
    assert 1 == default.asked


def test_late_failure(default: Default, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that fail when nobody waits any more are looked for by the next call."""
    monkeypatch.setattr(credentials, "CREDENTIALS_SECONDS", 0.05)
    default.gate.clear()
    default.error = NONE

    async def scenario() -> None:
        google_ = Google("")
        with pytest.raises(Unavailable):
            await google_.authorized()
        default.gate.set()
        while default.asked == 1:
            with pytest.raises(Unavailable):
                await google_.authorized()

    asyncio.run(scenario())


def test_cancelled_search(default: Default) -> None:
    """A loop that ends while credentials are looked for ends without a complaint."""
    default.gate.clear()

    async def scenario() -> None:
        search = asyncio.create_task(Google("").authorized())
        await asyncio.to_thread(default.called.wait, LONG)
        search.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task(), search}:
            task.cancel()
        await asyncio.gather(search, return_exceptions=True)
        default.gate.set()

    asyncio.run(scenario())
