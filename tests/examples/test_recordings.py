from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import Event
from envybox.testing import sample
from examples.standins.recordings import MP3, Recordings, endless
from examples.standins.server import HTML, Fault, Reply
from examples.standins.storage import Storage
from tests.examples.world import ORDERS, Function, World, module

PATH = "/user/calls/6002540/play/8a/"
URL = f"http://ru.callbackkiller.com{PATH}"
NAMES = {
    "ru.callbackkiller.com": ["93.184.215.14"],
    "cdn.envybox.io": ["93.184.215.14"],
    "inside.envybox.io": ["93.184.215.14", "10.0.0.5"],
    "metadata.envybox.io": ["169.254.169.254"],
}
Load = Callable[..., Function]
FETCH = module("recordings", "fetch")


@pytest.fixture
def server() -> Iterator[Recordings]:
    """The vendor's server, with a recording."""
    with Recordings() as server:
        server.replies[PATH] = Reply(200, MP3, {"content-type": "application/octet-stream"})
        yield server


@pytest.fixture
def storage() -> Iterator[Storage]:
    """Cloud Storage."""
    with Storage("recordings") as storage:
        yield storage


@pytest.fixture
def function(
    world: World, server: Recordings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> Load:
    """Loads the example; each public address is the vendor's stand-in, and port 443 is closed."""
    port = int(server.url.rpartition(":")[2])

    def connect(address: str, asked: int, seconds: float) -> socket.socket:
        assert ipaddress.ip_address(address).is_global
        if asked == 443:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", port), timeout=seconds)

    def resolve(host: str, _: int) -> list[str]:
        if host not in NAMES:
            raise socket.gaierror
        return NAMES[host]

    def load(**environ: str) -> Function:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        function = world.function("recordings", RECORDINGS_BUCKET="recordings", **environ)
        function.main.FETCHER.connect = connect
        function.main.FETCHER.resolve = resolve
        return function

    return load


def talk(type_: str = "call.info", url: str = URL, **call: Any) -> Event:
    """Return an event of a talk that has just been received."""
    said = {"id": "6002540", "state": "answered", "record_url": url, **call}
    event = sample(type_, call=said)
    return msgspec.structs.replace(event, received_at=datetime.now(UTC))


@pytest.mark.parametrize("order", ORDERS)
def test_a_call_is_one_recording_whatever_the_order(
    world: World, storage: Storage, function: Load, order: tuple[int, ...]
) -> None:
    """The events of a call, in any order and twice, keep its recording once, as it was."""
    started = sample("call.started", call={"id": "6002540", "record_url": None})
    events = [started, talk(), talk("call.result")]
    world.store(*events)
    function().deliver([events[place] for place in (*order, *order)])
    ((name, (about, content)),) = storage.objects.items()
    assert ("default/2026/11/20/6002540.mp3", MP3) == (name, content)
    assert ("audio/mpeg", "6002540") == (about["contentType"], about["metadata"]["call_id"])


def test_in_parallel(storage: Storage, function: Load) -> None:
    """Pushes of one call at the same time keep one recording."""
    function().deliver([talk(), talk("call.result")] * 3, threads=6, tries=40)
    assert 1 == len(storage.objects)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"not found"),
        Reply(200, b"<html><form>login</form></html>", {"content-type": "text/html"}),
        Reply(200, b""),
        Reply(503, HTML),
        Reply(302, HTML, {"location": "http://ru.callbackkiller.com/nothing/"}),
    ],
)
def test_not_ready(server: Recordings, storage: Storage, function: Load, reply: Reply) -> None:
    """While there is no recording it is 503, and when there is one it is kept."""
    server.replies[PATH] = [reply, Reply(200, MP3)]
    keep = function()
    assert 503 == keep.push(talk())[0]
    keep.deliver([talk()])
    assert 1 == len(storage.objects)


def test_patience_ends(
    server: Recordings, function: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording that never comes is given up after a day, with an ERROR for the alert."""
    server.replies.clear()
    late = msgspec.structs.replace(talk(), received_at=datetime.now(UTC) - timedelta(hours=25))
    assert 200 == function().push(late)[0]
    assert '"ERROR"' in capsys.readouterr().out


def test_a_redirect_within_the_list(server: Recordings, storage: Storage, function: Load) -> None:
    """A redirect to another of the vendor's hosts is followed."""
    server.replies[PATH] = Reply(302, HTML, {"location": "http://cdn.envybox.io/6002540"})
    server.replies["/6002540"] = Reply(200, MP3)
    function().push(talk())
    assert 1 == len(storage.objects)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/computeMetadata/v1/",
        "http://[::1]/",
        "http://inside.envybox.io/",
        "http://metadata.envybox.io/",
        "http://example.com/",
        "http://envybox.io.example.com/",
        "http://notenvybox.io/",
        "http://ru.callbackkiller.com:8080/",
        "http://ru.callbackkiller.com@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://ru.callbackkiller.com/",
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_nothing_else_is_fetched(
    server: Recordings, storage: Storage, function: Load, url: str, redirected: bool
) -> None:
    """Neither a link nor a redirect reaches another host, an internal address, another port."""
    server.replies[PATH] = Reply(302, HTML, {"location": url})
    assert 200 == function().push(talk(url=URL if redirected else url))[0]
    assert {} == storage.objects
    assert [PATH] * redirected == [request.path for request in server.requests]


def test_redirects_without_end(server: Recordings, function: Load) -> None:
    """A circle of redirects is left after some turns."""
    server.replies[PATH] = Reply(302, HTML, {"location": URL})
    assert 503 == function().push(talk())[0]


def test_a_body_without_end(
    server: Recordings, storage: Storage, function: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """A body larger than the limit is left while it comes: it is refused for good."""
    server.replies[PATH] = Reply(200, endless())
    assert 200 == function(RECORDINGS_MAX_MB="1").push(talk())[0]
    assert "RECORDINGS_MAX_MB" in capsys.readouterr().out
    assert {} == storage.objects


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ID3\x03", "mp3"),
        (b"\xff\xfb\x90", "mp3"),
        (b"RIFF\x00\x00\x00\x00WAVE", "wav"),
        (b"OggS\x00", "ogg"),
        (b"\x00\x00\x00\x20ftypM4A ", "m4a"),
    ],
)
def test_the_type_is_the_contents(
    server: Recordings, storage: Storage, function: Load, content: bytes, expected: str
) -> None:
    """What the file is says its content, whatever the server calls it."""
    server.replies[PATH] = Reply(200, content, {"content-type": "text/html"})
    function().push(talk())
    assert [expected] == [name.rpartition(".")[2] for name in storage.objects]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Reply(503, {"error": {"code": 503}}), 503),
        (Reply(429, {"error": {"code": 429}}), 503),
        (Reply(403, {"error": {"code": 403}}), 500),
        (Reply(404, {"error": {"code": 404}}), 500),
        (None, 503),
    ],
)
def test_storage_fails(storage: Storage, function: Load, fault: Reply | None, status: int) -> None:
    """Each failure of Cloud Storage, a time-out that took effect too, ends in one recording."""
    storage.faults.append(Fault("/o", fault, effect=fault is None))
    keep = function()
    assert status == keep.push(talk())[0]
    keep.deliver([talk()])
    assert [MP3] == [content for _, content in storage.objects.values()]


@pytest.mark.parametrize("changes", [{"state": "operator_busy"}, {"record_url": None}])
def test_nothing_to_keep(server: Recordings, function: Load, changes: dict[str, Any]) -> None:
    """Where nobody talked, or there is no link, nothing is fetched."""
    assert 200 == function().push(talk(**changes))[0]
    assert [] == server.requests


def test_a_host_of_ones_own(server: Recordings, storage: Storage, function: Load) -> None:
    """A host that is listed with its port may be any address."""
    keep = function(RECORDINGS_HOSTS=server.url.removeprefix("http://"))
    keep.main.FETCHER.resolve = lambda host, _: [host]
    keep.main.FETCHER.connect = lambda address, port, seconds: socket.create_connection(
        (address, port), timeout=seconds
    )
    keep.push(talk(url=f"{server.url}{PATH}"))
    assert 1 == len(storage.objects)


@given(st.ip_addresses())
def test_what_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """An address that is not global, or has such a one within, is never public."""
    assert not FETCH._is_public(str(address)) or address.is_global
    assert not FETCH._is_public("::ffff:127.0.0.1")
    assert not FETCH._is_public("fe80::1%eth0")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECORDINGS_BUCKET", ""),
        ("RECORDINGS_HOSTS", "https://example.com"),
        ("RECORDINGS_MAX_MB", "1000"),
        ("RECORDINGS_PATIENCE_HOURS", "day"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(world: World, name: str, value: str) -> None:
    """The start ends with a line that names the setting."""
    with pytest.raises(SystemExit, match=name):
        world.function("recordings", **{"RECORDINGS_BUCKET": "recordings", name: value})


def test_nothing_personal_in_the_log_or_the_bucket(
    server: Recordings, storage: Storage, function: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    """No log line has the recording's link, which opens it; no name or label has a person."""
    keep = function()
    server.replies[PATH] = [Reply(404, b""), Reply(200, MP3)]
    answers = keep.push(talk())[1] + keep.push(talk())[1]
    printed = (
        "".join(capfd.readouterr()) + answers + str([one for one, _ in storage.objects.values()])
    )
    assert [] == [one for one in (PATH, "9000000000") if one in printed]
