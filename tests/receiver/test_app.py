from __future__ import annotations

import asyncio
import base64
import inspect
import json
import runpy
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.requests import Request

from envybox.errors import Unavailable
from envybox.receiver import app as app_module
from envybox.receiver import deadline as deadline_module
from envybox.receiver import spool
from envybox.receiver.app import App
from envybox.receiver.deadline import Deadline
from envybox.receiver.keys import ring
from envybox.settings import Settings
from tests.samples import HELP_PAGE, KEY, OTHER_KEY, webhook_of

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Client:
    """Calls an app's entry points in this process."""

    def __init__(self, app: App) -> None:
        self.app = app

    def call(self, entry: str = "webhook", method: str = "POST", **kwargs: Any) -> httpx.Response:
        """Call an entry point and return its answer."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            response = await getattr(self.app, entry)(Request(scope, receive))
            await response(scope, receive, send)

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(serve)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                answer = await client.request(method, "/", **kwargs)
            await self.app._backend.close()
            return answer

        return asyncio.run(run())

    def post(self, fields: Any = HELP_PAGE, key: str = KEY) -> httpx.Response:
        """Send a webhook."""
        return self.call(data=dict([*fields, ("key", key)]))


@pytest.fixture
def make(settings: Callable[..., Settings], tmp_path: Path) -> Callable[..., Client]:
    """Makes a client of an app on the embedded backend."""

    def make(**environ: str) -> Client:
        path = str(tmp_path / "envybox.db")
        local = {"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": path}
        return Client(App(settings(**local, **environ)))

    return make


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_published(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """A webhook is answered, and told of in one line."""
    answer = make().post()
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    (line,) = _lines(capsys)
    assert ("INFO", "webhook", "published") == tuple(
        line[name] for name in ("severity", "component", "status")
    )
    assert answer.json()["id"] == line["event_id"]


@pytest.mark.parametrize(
    ("status", "severity"),
    [("stored", "WARNING"), ("spooled", "WARNING"), ("duplicate", "INFO")],
)
def test_severity(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    severity: str,
) -> None:
    """What an operator should know of is a warning."""
    client = make()
    real = client.app._flow.receive

    async def receive(*args: Any) -> Any:
        return msgspec.structs.replace(await real(*args), status=status)

    monkeypatch.setattr(client.app._flow, "receive", receive)
    assert status == client.post().json()["status"]
    assert [severity] == [line["severity"] for line in _lines(capsys)]


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        ("invalid_key", FORM["content-type"], "%s=1&key="),
        ("malformed", "application/json", '[{"%s": 1}]'),
        ("unsupported_media_type", "text/xml", "<%s>1</%s>"),
    ],
)
def test_refused_webhooks_are_told_from_strangers_posts(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    status: str,
    content_type: str,
    body: str,
) -> None:
    """The line of a refused request says whether it names what every webhook names."""
    client = make()
    for name in ("webhooktype", "other"):
        content = body.replace("%s", name)
        client.call(content=content, headers={"content-type": content_type})
    ours, strangers = _lines(capsys)
    assert (status, True) == (ours["status"], ours["from_envybox"])
    assert (status, False) == (strangers["status"], "from_envybox" in strangers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_up(make: Callable[..., Client], method: str) -> None:
    """GET and HEAD say that it is up."""
    assert 200 == make().call(method=method).status_code


@pytest.mark.parametrize(("entry", "allow"), [("webhook", "GET, HEAD, POST"), ("recover", "POST")])
def test_method_not_allowed(make: Callable[..., Client], entry: str, allow: str) -> None:
    """Other methods are refused."""
    answer = make().call(entry, "PUT")
    assert (405, allow) == (answer.status_code, answer.headers["allow"])
    assert {"error": "method_not_allowed"} == answer.json()


def test_unavailable(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nobody takes it, the sender is asked to come again."""
    client = make()

    async def receive(*_: Any) -> Any:
        raise Unavailable("DEADLINE_EXCEEDED")

    monkeypatch.setattr(client.app._flow, "receive", receive)
    answer = client.post()
    assert (503, {"error": "unavailable"}) == (answer.status_code, answer.json())
    assert "30" == answer.headers["retry-after"]
    (line,) = _lines(capsys)
    assert ("ERROR", "DEADLINE_EXCEEDED") == (line["severity"], line["cause"])


def test_a_defect(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A defect is no 500 and loses nothing: the sender is asked to come again."""
    client = make()

    async def receive(webhook: Any, _: Any) -> Any:
        raise KeyError(webhook)

    monkeypatch.setattr(client.app._flow, "receive", receive)
    assert 503 == client.post().status_code
    (line,) = _lines(capsys)
    assert ("ERROR", "KeyError") == (line["severity"], line["error"])
    assert "test_app.py" in line["stack"][-1]
    assert "79998887766" not in json.dumps(line)


def test_a_defect_of_normalization(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A webhook that normalization fails at is kept, and told of as an error."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("envybox.receiver.normalize._normalize", broken)
    assert "published" == make().post().json()["status"]
    (line,) = _lines(capsys)
    assert ("ERROR", "could not be normalized") == (line["severity"], line["error"])


def test_rotation(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A key added to the file is accepted within a minute; a broken file changes nothing."""
    monkeypatch.setattr(ring, "WAIT_SECONDS", 60.0)
    path = tmp_path / "keys"
    path.write_text(KEY)
    client = make(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path))
    assert 403 == client.post(key=OTHER_KEY).status_code
    path.write_text(f"{KEY} {OTHER_KEY}")
    assert 403 == client.post(key=OTHER_KEY).status_code  # not before a minute is over
    monkeypatch.setattr(ring, "REREAD_SECONDS", 0)
    assert 200 == client.post(key=OTHER_KEY).status_code
    path.write_text("broken")
    assert 200 == client.post(key=OTHER_KEY).status_code
    errors = [line["message"] for line in _lines(capsys) if line["severity"] == "ERROR"]
    assert 1 == len(errors)
    assert "ENVYBOX_KEYS_FILE" in errors[0]


def test_not_configured(make: Callable[..., Client]) -> None:
    """Without a key nothing is accepted."""
    answer = make(ENVYBOX_KEYS="").post()
    assert (503, {"error": "not_configured"}) == (answer.status_code, answer.json())


def test_pairing_without_keys(
    make: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    """When pairing, the first key can be found; what cannot be read is refused alike."""
    client = make(ENVYBOX_KEYS="", ENVYBOX_PAIRING="on")
    assert 503 == client.post().status_code
    assert 503 == client.call(content=b"{", headers={"content-type": "x/y"}).status_code
    assert 1 == len([line for line in _lines(capsys) if KEY in line["message"]])


def test_malformed(make: Callable[..., Client]) -> None:
    """What cannot be read is refused with a reason."""
    answer = make().call(content=b"{", headers={"content-type": "application/json"})
    assert (400, "malformed") == (answer.status_code, answer.json()["error"])
    assert answer.json()["detail"]


def test_the_sender_goes_away(make: Callable[..., Client]) -> None:
    """A body that ends early is refused, and stored nowhere."""
    client = make()

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def run() -> Any:
        scope = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path": "/"}
        return await client.app.webhook(Request(scope, receive))

    assert 400 == asyncio.run(run()).status_code


def _stalling(body: bytes = b"") -> Request:
    """Return a request whose body begins and does not end."""
    messages = iter([{"type": "http.request", "body": body, "more_body": True}])

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path": "/"}
    return Request(scope, receive)


@pytest.mark.parametrize("entry", ["webhook", "recover"])
def test_slow_bodies(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
) -> None:
    """Bodies that do not come hold no place for longer than their time, however many."""
    for name in ("BODY_SECONDS", "ENVELOPE_SECONDS"):
        monkeypatch.setattr(app_module, name, 0.02)
    client = make()

    async def run() -> list[Any]:
        serve = getattr(client.app, entry)
        return await asyncio.gather(*(serve(_stalling(b"webhooktype=1")) for _ in range(80)))

    responses = asyncio.run(run())
    assert {408} == {response.status_code for response in responses}
    assert "too_slow" == json.loads(responses[0].body)["error"]
    assert {("WARNING", "too_slow")} == {
        (line["severity"], line["status"]) for line in _lines(capsys)
    }


def test_a_body_counts_against_the_time_of_all(
    make: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a body took is not there for the backends: the answer has to come all the same."""
    client = make()
    left = []

    async def receive(_: Any, deadline: Deadline) -> Any:
        left.append(deadline.left())
        raise Unavailable("DEADLINE_EXCEEDED")

    async def slow(*args: Any) -> bytes:
        clock = deadline_module.time.monotonic
        monkeypatch.setattr(deadline_module.time, "monotonic", lambda: clock() + 1)
        return await read_body(*args)

    read_body = app_module.read_body
    monkeypatch.setattr(app_module, "read_body", slow)
    monkeypatch.setattr(client.app._flow, "receive", receive)
    client.post()
    assert left[0] <= deadline_module.TOTAL_SECONDS - 1


def test_a_bad_entry_at_the_start(
    make: Callable[..., Client], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A start with a bad entry among the keys takes webhooks of the good one, and tells of it."""
    path = tmp_path / "keys"
    path.write_text(f"{KEY} changeme")
    client = make(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path))
    assert [200, 200] == [client.post().status_code for _ in range(2)]
    (error,) = [line["message"] for line in _lines(capsys) if line["severity"] == "ERROR"]
    assert "entry 2" in error


def test_recover(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """`recover` answers with what it did, and logs the same."""
    client = make()
    answer = client.call("recover")
    expected = {"published": 0, "failed": 0, "pending": 0, "oldest_pending_seconds": 0.0}
    assert (200, expected) == (answer.status_code, answer.json())
    (line,) = _lines(capsys)
    assert ("recover", "recovered") == (line["component"], line["status"])
    assert expected.items() <= line.items()


def _push(data: bytes) -> bytes:
    return json.dumps({"message": {"data": base64.b64encode(data).decode()}}).encode()


def test_drain(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """`recover` called by the spool's subscription stores what was spooled."""
    client = make()
    webhook = webhook_of(HELP_PAGE, received_at=datetime.now(UTC) - timedelta(seconds=90))
    answer = client.call("recover", content=_push(spool.encode(webhook).data))
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    assert answer.json()["id"] == client.post().json()["id"]
    line = _lines(capsys)[0]
    assert ("drained", answer.json()["id"]) == (line["status"], line["event_id"])
    assert 90 <= line["spool_age_seconds"] < 120


def test_recover_that_cannot_count(
    make: Callable[..., Client],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that cannot tell what is left is answered all the same; the log tells no number."""
    client = make()

    async def backlog(**_: Any) -> Any:
        raise Unavailable("DEADLINE_EXCEEDED")

    monkeypatch.setattr(client.app._backend.store, "backlog", backlog)
    answer = client.call("recover")
    expected = {"published": 0, "failed": 0, "pending": None, "oldest_pending_seconds": None}
    assert (200, expected) == (answer.status_code, answer.json())
    warning, line = _lines(capsys)
    assert ("WARNING", "recovered") == (warning["severity"], line["status"])
    assert "pending" not in line


def test_dead_letter(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """A poisoned message is told of as an error, with the reason."""
    assert 200 == make().call("recover", content=_push(b"junk")).status_code
    (line,) = _lines(capsys)
    assert ("ERROR", "dead_lettered") == (line["severity"], line["status"])
    assert "not a spooled webhook of version 1" == line["cause"]


def test_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used ends the process with one line."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "paper")
    with pytest.raises(SystemExit, match=r"^envybox: ENVYBOX_BACKEND: "):
        app_module.start()


def test_a_backend_that_is_not_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that the archive leaves out ends the process with one line, too."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "local")
    monkeypatch.setitem(sys.modules, "envybox.local", None)
    with pytest.raises(SystemExit, match=r"^envybox: ENVYBOX_BACKEND: 'local' is not here"):
        app_module.start()


def test_entry_points(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`main` has the two entry points that the framework looks for."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "local")
    monkeypatch.setenv("ENVYBOX_LOCAL_PATH", str(tmp_path / "envybox.db"))
    main = runpy.run_path(str(Path(__file__).parents[2] / "main.py"))
    assert all(inspect.iscoroutinefunction(main[name]) for name in ("webhook", "recover"))
