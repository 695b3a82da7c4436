from __future__ import annotations

import inspect
import json
import runpy
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envybox.errors import Unavailable
from envybox.receiver import app as app_module
from envybox.receiver.keys import ring
from tests.receiver.client import Client, lines
from tests.samples import KEY, OTHER_KEY

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_published(make: Callable[..., Client], capsys: pytest.CaptureFixture[str]) -> None:
    """A webhook is answered, and told of in one line."""
    answer = make().post()
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    (line,) = lines(capsys)
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
    assert [severity] == [line["severity"] for line in lines(capsys)]


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
    ours, strangers = lines(capsys)
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
    (line,) = lines(capsys)
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
    (line,) = lines(capsys)
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
    (line,) = lines(capsys)
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
    errors = [line["message"] for line in lines(capsys) if line["severity"] == "ERROR"]
    assert 1 == len(errors)
    assert "ENVYBOX_KEYS_FILE" in errors[0]


@pytest.mark.parametrize(
    ("patience", "answers"), [(60.0, (200, 403)), (0.0, (503, 503))], ids=["in time", "too late"]
)
def test_rotation_while_keys_are_slow(
    make: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    patience: float,
    answers: tuple[int, int],
) -> None:
    """While new keys are read no key is refused for good: they are waited for, or it is 503."""
    path = tmp_path / "keys"
    path.write_text(KEY)
    client = make(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path))
    path.write_text(f"{KEY} {OTHER_KEY}")
    monkeypatch.setattr(ring, "REREAD_SECONDS", 0)
    monkeypatch.setattr(ring, "WAIT_SECONDS", 0)
    monkeypatch.setattr(ring, "SETTLE_SECONDS", patience)
    waited = threading.Event()
    settled, read = ring.KeyRing.settled, ring.entries.read

    async def settle(keys: ring.KeyRing) -> bool:
        if patience:
            waited.set()
        found = await settled(keys)
        waited.set()
        return found

    def slow(*arguments: Any) -> Any:
        waited.wait(30)
        return read(*arguments)

    monkeypatch.setattr(ring.KeyRing, "settled", settle)
    monkeypatch.setattr(ring.entries, "read", slow)
    for key, status in zip((OTHER_KEY, "f" * 32), answers, strict=True):
        waited.clear()
        assert status == client.post(key=key).status_code
    waited.clear()
    monkeypatch.setattr(ring, "REREAD_SECONDS", 60)
    assert 200 == client.post().status_code


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
    assert 1 == len([line for line in lines(capsys) if KEY in line["message"]])


def test_a_bad_entry_at_the_start(
    make: Callable[..., Client], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A start with a bad entry among the keys takes webhooks of the good one, and tells of it."""
    path = tmp_path / "keys"
    path.write_text(f"{KEY} changeme")
    client = make(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path))
    assert [200, 200] == [client.post().status_code for _ in range(2)]
    (error,) = [line["message"] for line in lines(capsys) if line["severity"] == "ERROR"]
    assert "entry 2" in error


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
