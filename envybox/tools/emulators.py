"""The official Firestore and Pub/Sub emulators of the Google Cloud SDK.

`firestore()` and `pubsub()` are context managers: each starts an emulator on loopback,
waits until it answers, gives its `host:port` and kills it at the end. `both()` starts the two
at the same time, for a start is seconds of Java's. They keep what they
hold in memory: an emulator that is started again is empty, its topics too.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from envybox.errors import EnvyboxError
from envybox.tools.interrupt import INTERRUPT
from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of

LOOPBACK = "127.0.0.1"
_PORTS = range(15_000, 32_768)  # Linux gives those from 32,768 to connections, others higher ones
# Loopback is reached directly, whatever proxy the environment names.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class MissingComponent(EnvyboxError):
    """The SDK, an emulator or Java is not installed. The text says what to install."""


class EmulatorFailed(EnvyboxError):
    """An emulator did not start or refused a request. The text holds its last words."""


@contextlib.contextmanager
def firestore(port: int | None = None, *, heap: str = "1g") -> Iterator[str]:
    """Run the Firestore emulator; `heap` bounds Java's memory (`-Xmx`).

    Raises `MissingComponent` and `EmulatorFailed`.
    """
    with _firestore(port, heap) as starting:
        yield starting.wait()


@contextlib.contextmanager
def pubsub(port: int | None = None, *, heap: str = "512m") -> Iterator[str]:
    """Run the Pub/Sub emulator; `heap` bounds Java's memory (`-Xmx`).

    Raises `MissingComponent` and `EmulatorFailed`.
    """
    with _pubsub(port, heap) as starting:
        yield starting.wait()


@contextlib.contextmanager
def both() -> Iterator[tuple[str, str]]:
    """Run both; give Firestore's `host:port` and Pub/Sub's.

    Raises `MissingComponent`, before anything is started, and `EmulatorFailed`.
    """
    check_installed()
    with _firestore() as firestore, _pubsub() as pubsub:
        yield firestore.wait(), pubsub.wait()


def _firestore(
    port: int | None = None, heap: str = "1g"
) -> contextlib.AbstractContextManager[_Starting]:
    jar = str(_firestore_jar())
    # English, because the emulator's own start script says so: its messages know no other.
    command = [_java(), f"-Xmx{heap}", "-Duser.language=en", "-cp", jar]
    command += ["com.google.cloud.datastore.emulator.firestore.CloudFirestore"]
    probe = "/v1/projects/probe/databases/(default)/documents/probe"
    return _started("Firestore", command, port, probe)


def _pubsub(
    port: int | None = None, heap: str = "512m"
) -> contextlib.AbstractContextManager[_Starting]:
    script = str(_pubsub_script())
    _java()
    return _started(
        "Pub/Sub",
        [script],
        port,
        "/v1/projects/probe/topics",
        # The emulator drops a setting that it does not know; the script reads this one.
        env={**os.environ, "JAVA_OPTS": f"-Xmx{heap}"},
    )


def check_installed() -> None:
    """Raise `MissingComponent` where an emulator could not be started on this machine."""
    _firestore_jar()
    _pubsub_script()
    _java()


def create_topics(host: str, project: str, prefix: str) -> list[str]:
    """Create the types' topics, the spool's and its dead letters'; return their names.

    A topic that is there already is left alone.
    """
    names = [topic_of(prefix, row.type) for row in TYPES]
    names += [spool_topic(prefix), dead_letter_topic(prefix)]
    for name in names:
        _put(host, f"projects/{project}/topics/{name}", {})
    return names


def create_push_subscription(host: str, project: str, name: str, topic: str, url: str) -> None:
    """Create a push subscription of a topic to a URL; one that is there is left alone."""
    body = {
        "topic": f"projects/{project}/topics/{topic}",
        "pushConfig": {"pushEndpoint": url},
    }
    _put(host, f"projects/{project}/subscriptions/{name}", body)


def free_port() -> int:
    """Return a loopback port that is free now, and that only a listener would take.

    The system's own choice (port 0) is one that it also gives to connections: until a
    server of Java's or the framework's is up, somebody's connection may have it.
    """
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        if is_free(port):
            return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether nobody listens on a port; connections that linger do not count.

    Raises `PermissionError` for a port that this user may not listen on.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except PermissionError:
            raise
        except OSError:
            return False
    return True


def _firestore_jar() -> Path:
    return _component("cloud-firestore-emulator", "cloud-firestore-emulator.jar")


def _pubsub_script() -> Path:
    return _component("pubsub-emulator", "bin/cloud-pubsub-emulator")


def _component(name: str, path: str) -> Path:
    """Return an emulator's file; the SDK is where an environment variable or gcloud says."""
    gcloud = shutil.which("gcloud")
    roots = [os.environ.get(name) for name in ("CLOUDSDK_ROOT_DIR", "GOOGLE_CLOUD_SDK")]
    roots += [str(Path(gcloud).resolve().parent.parent)] if gcloud else []
    for root in filter(None, roots):
        file = Path(root, "platform", name, path)
        if file.exists():
            return file
    what = f"its component {name}" if any(roots) else f"the Google Cloud SDK and {name}"
    package = name.removeprefix("cloud-")
    raise MissingComponent(
        f"Install {what}: `gcloud components install {name}`, or, where the SDK came from "
        f"apt, `apt-get install google-cloud-cli-{package}`. "
        "The SDK: https://cloud.google.com/sdk/docs/install"
    )


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    if shutil.which(java) is None:
        where = f"{java} (JAVA_HOME) is not there" if home else "no `java` on the PATH"
        raise MissingComponent(
            f"The emulators need Java, and {where}. Install a runtime, version 17 or later, "
            "such as Debian's default-jre-headless."
        )
    return java


class _Starting:
    """An emulator that was started; `wait` gives its `host:port` as soon as it answers."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], host: str, probe: str, log: IO[bytes]
    ) -> None:
        self._name = name
        self._process = process
        self._host = host
        self._probe = probe
        self._log = log

    def wait(self) -> str:
        if not _answers(self._process, f"http://{self._host}{self._probe}"):
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").splitlines()
            words = [line for line in lines if line.strip() and not line.startswith("\tat ")]
            raise EmulatorFailed(
                f"The {self._name} emulator did not start on {self._host}: "
                + " | ".join(words[-5:])
            )
        return self._host


@contextlib.contextmanager
def _started(
    name: str,
    command: list[str],
    port: int | None,
    probe: str,
    env: Mapping[str, str] | None = None,
) -> Iterator[_Starting]:
    port = port or free_port()
    host = f"{LOOPBACK}:{port}"
    if not is_free(port):
        raise EmulatorFailed(f"The {name} emulator cannot start: {host} is in use")
    process: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as log:
        try:
            with INTERRUPT.held():
                process = subprocess.Popen(
                    [*command, f"--host={LOOPBACK}", f"--port={port}"],
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a group of its own, for killpg and not for Ctrl-C
                )
            yield _Starting(name, process, host, probe, log)
        finally:
            if process is not None:
                # Killed, not asked: it holds nothing that is worth its seconds of shutdown.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(process: subprocess.Popen[bytes], url: str, patience: float = 60) -> bool:
    """Wait until a real request gets its answer: an open port is not enough."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with _http.open(url, timeout=5):
                return True
        except OSError:
            time.sleep(0.05)
    return False


def _put(host: str, resource: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://{host}/v1/{resource}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
        method="PUT",
    )
    try:
        _http.open(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 409:  # 409: it is there already
                text = error.read().decode(errors="replace")
                raise EmulatorFailed(f"The emulator refused {resource}: {text}") from error
    except OSError as error:
        raise EmulatorFailed(f"The Pub/Sub emulator at {host} does not answer") from error
