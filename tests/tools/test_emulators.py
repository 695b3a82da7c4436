from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from envybox.tools import emulators
from envybox.tools.emulators import EmulatorFailed, MissingComponent

_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _get(host: str, path: str) -> Any:
    with _http.open(f"http://{host}/v1/projects/demo/{path}", timeout=10) as answer:
        return json.load(answer)


def _sdk(monkeypatch: pytest.MonkeyPatch, root: Path | None) -> None:
    """Name a folder as the SDK, or none; no gcloud is on the PATH."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CLOUDSDK_ROOT_DIR", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_SDK", raising=False)
    if root is not None:
        monkeypatch.setenv("GOOGLE_CLOUD_SDK", str(root))


def _fake_sdk(root: Path) -> Path:
    """Make an SDK whose Pub/Sub emulator only tells that it fails; return its folder."""
    script = root / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\nprintf 'no room\\n\\tat a.b(C.java:1)\\n' >&2\nexit 3\n")
    script.chmod(0o755)
    jar = root / "platform" / "cloud-firestore-emulator" / "cloud-firestore-emulator.jar"
    jar.parent.mkdir()
    jar.touch()
    return root


def _java(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Name a folder as JAVA_HOME, with a program in it that does nothing."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(home))


def test_no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the SDK it is told what to install."""
    _sdk(monkeypatch, None)
    with pytest.raises(MissingComponent, match="the Google Cloud SDK and pubsub-emulator"):
        emulators.pubsub().__enter__()


def test_no_component(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the SDK, but without the emulator, it is told how to add that."""
    _sdk(monkeypatch, tmp_path)
    with pytest.raises(MissingComponent, match="components install cloud-firestore-emulator"):
        emulators.firestore().__enter__()


@pytest.mark.parametrize("home", [None, "/nowhere"])
def test_no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str | None) -> None:
    """Without Java it is told to install it, and where it was looked for."""
    _sdk(monkeypatch, _fake_sdk(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(MissingComponent, match="Java") as missing:
        emulators.check_installed()
    assert (home or "on the PATH") in str(missing.value)


def test_sdk_of_gcloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SDK is found from where gcloud's link on the PATH leads."""
    _sdk(monkeypatch, None)
    sdk = _fake_sdk(tmp_path / "sdk")
    tool = sdk / "bin" / "gcloud"
    links = tmp_path / "links"
    for folder in (tool.parent, links):
        folder.mkdir()
    for program in (tool, links / "java"):
        program.touch(mode=0o755)
    (links / "gcloud").symlink_to(tool)
    monkeypatch.setenv("PATH", str(links))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    emulators.check_installed()


def test_fails_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An emulator that ends at once is told, with its last words and without Java's stack."""
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch(mode=0o755)
    _sdk(monkeypatch, _fake_sdk(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(java.parent.parent))
    with pytest.raises(EmulatorFailed, match=r"Pub/Sub .* did not start .*: no room$"):
        emulators.pubsub().__enter__()


def test_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A script that the system does not run leaves nothing to be ended."""
    sdk = _fake_sdk(tmp_path)
    _sdk(monkeypatch, sdk)
    _java(monkeypatch, tmp_path / "java")
    (sdk / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator").chmod(0o644)
    with pytest.raises(PermissionError):
        emulators.pubsub().__enter__()


def test_port_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An emulator is not started on a port that somebody listens on."""
    _sdk(monkeypatch, _fake_sdk(tmp_path))
    _java(monkeypatch, tmp_path / "java")
    port = emulators.free_port()
    with socket.create_server((emulators.LOOPBACK, port)):
        assert not emulators.is_free(port)
        with pytest.raises(EmulatorFailed, match=f"{port} is in use"):
            emulators.pubsub(port).__enter__()
    assert emulators.is_free(port)


def test_free_port() -> None:
    """A free port is none that the system may give to a connection meanwhile."""
    with socket.create_server((emulators.LOOPBACK, 0)) as server:
        connections = [socket.create_connection(server.getsockname()) for _ in range(50)]
        given = [connection.getsockname()[1] for connection in connections]
        for connection in connections:
            connection.close()
    ports = [emulators.free_port() for _ in range(50)]
    assert max(ports) < 32_768
    assert not set(ports) & set(given)
    assert all(map(emulators.is_free, ports))


def test_free_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody listens on is passed by."""
    taken = emulators.free_port()
    with socket.create_server((emulators.LOOPBACK, taken)):
        free = emulators.free_port()
        monkeypatch.setattr(emulators, "_PORTS", (taken, free))
        assert {free} == {emulators.free_port() for _ in range(20)}


def test_nobody_answers() -> None:
    """Topics cannot be made where no emulator is."""
    with pytest.raises(EmulatorFailed, match="does not answer"):
        emulators.create_topics(f"{emulators.LOOPBACK}:{emulators.free_port()}", "demo", "envybox-")


@pytest.mark.emulator
@pytest.mark.usefixtures("emulators_installed")
def test_pubsub() -> None:
    """The Pub/Sub emulator answers, takes topics and subscriptions twice, refuses bad ones."""
    with emulators.pubsub() as host:
        names = emulators.create_topics(host, "demo", "envybox-")
        assert names == emulators.create_topics(host, "demo", "envybox-")
        found = {topic["name"] for topic in _get(host, "topics")["topics"]}
        assert {f"projects/demo/topics/{name}" for name in names} == found
        assert {"envybox-call-result", "envybox-unknown", "envybox-spool"} <= set(names)
        for _ in range(2):
            emulators.create_push_subscription(
                host, "demo", "leads", "envybox-lead-quiz", "http://localhost:9/"
            )
        [subscription] = _get(host, "subscriptions")["subscriptions"]
        assert "http://localhost:9/" == subscription["pushConfig"]["pushEndpoint"]
        with pytest.raises(EmulatorFailed, match="refused projects/demo/subscriptions/x"):
            emulators.create_push_subscription(host, "demo", "x", "envybox-spool", "http://a/")


@pytest.mark.emulator
@pytest.mark.usefixtures("emulators_installed")
def test_started_again_on_its_port() -> None:
    """An emulator that was ended is gone; it can be started again on the same port, empty."""
    with emulators.firestore() as host:
        port = int(host.rpartition(":")[2])
        lingering = socket.create_connection((emulators.LOOPBACK, port))
        request = urllib.request.Request(
            f"http://{host}/v1/projects/demo/databases/(default)/documents/events?documentId=a",
            b'{"fields": {}}',
            {"content-type": "application/json"},
        )
        _http.open(request, timeout=10).close()
        assert _get(host, "databases/(default)/documents/events")["documents"]
    lingering.close()
    with pytest.raises(urllib.error.URLError):
        _get(host, "databases/(default)/documents/events")
    with emulators.firestore(port) as again:
        assert host == again
        assert {} == _get(host, "databases/(default)/documents/events")
