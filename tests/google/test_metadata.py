from __future__ import annotations

import asyncio
import time

import pytest

from envybox.google import metadata
from envybox.google.credentials import Google
from tests.google.default import Default
from tests.google.metadata_server import Server


def authorized(google: Google) -> str:
    """Return what authorizes a call."""
    ((name, value),) = asyncio.run(google.authorized())
    assert "authorization" == name
    return value


def test_token(server: Server) -> None:
    """A token is that of the service's account, and ends when the server says."""
    before = time.time()
    token, ends_at = metadata.token()
    assert "from-metadata" == token
    assert before + 3599 <= ends_at <= time.time() + 3599
    assert ["/computeMetadata/v1/instance/service-accounts/default/token"] == server.asked


def test_in_a_function(server: Server, default: Default) -> None:
    """In a function it is asked once, and google-auth is not."""
    google = Google("example")
    assert ["Bearer from-metadata"] * 2 == [authorized(google) for _ in range(2)]
    assert (1, 0) == (len(server.asked), default.asked)


@pytest.mark.parametrize(
    "answer",
    [(404, b"{}"), (500, b""), (200, b""), (200, b"[]"), (200, b'{"access_token": null}')],
)
def test_no_token(server: Server, default: Default, answer: tuple[int, bytes]) -> None:
    """Where it gives none, google-auth is asked."""
    server.answer = answer
    assert "Bearer token 1" == authorized(Google("example"))
    assert (1, 1) == (len(server.asked), default.asked)


def test_no_server(default: Default, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is where nobody listens."""
    monkeypatch.setenv("K_SERVICE", "envybox-webhook")
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    assert "Bearer token 1" == authorized(Google("example"))
    assert 1 == default.asked


def test_elsewhere(server: Server, default: Default, monkeypatch: pytest.MonkeyPatch) -> None:
    """On any other machine, and where the project is to be found too, google-auth is asked."""
    assert "Bearer token 1" == authorized(Google(""))
    monkeypatch.delenv("K_SERVICE")
    assert "Bearer token 2" == authorized(Google("example"))
    assert ([], 2) == (server.asked, default.asked)
