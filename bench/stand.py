"""The test stand: emulators, delaying proxies and servers, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.client import ROOT
from bench.webhooks import KEY
from envybox.tools import emulators
from envybox.tools.children import framework

PROJECT = "bench"
_TICKS = os.sysconf("SC_CLK_TCK")


class Peer(NamedTuple):
    """A function that can be served: its file, its name in it, the checkout, its settings."""

    name: str
    source: str
    target: str
    root: Path = ROOT
    settings: tuple[tuple[str, str], ...] = ()


ENVYBOX = Peer("envybox", "main.py", "webhook")
NAIVE = Peer("naive", "bench/naive.py", "webhook")
HELLO = Peer("hello", "bench/hello.py", "hello")
HELLO_ASYNC = Peer("hello_async", "bench/hello.py", "hello_async")


def receivers(before: str) -> tuple[Peer, ...]:
    """Return the receiver, and that of another checkout where one is named."""
    if not before:
        return (ENVYBOX,)
    return (ENVYBOX, ENVYBOX._replace(name="before", root=Path(before).resolve()))


class Backend(NamedTuple):
    """Where Firestore and Pub/Sub are, as `host:port`, and the processes that are both."""

    firestore: str
    pubsub: str
    pids: tuple[int, ...] = ()

    def cpu(self) -> float:
        """Return the CPU time of the emulators so far, in seconds."""
        return sum(_cpu(pid) for pid in self.pids)


NOWHERE = Backend("127.0.0.1:9", "127.0.0.1:9")
"""For what calls no backend."""


@contextlib.contextmanager
def emulated() -> Iterator[Backend]:
    """Run fresh emulators: the Firestore one slows down with what it holds."""
    others = _children(os.getpid())
    with emulators.both() as (firestore, pubsub):
        emulators.create_topics(pubsub, PROJECT, "envybox-")
        pids = set(_children(os.getpid())).difference(others)
        yield Backend(firestore, pubsub, tuple(pids))


@contextlib.contextmanager
def delayed(backend: Backend, milliseconds: float) -> Iterator[Backend]:
    """Put a delaying proxy before each of the two."""
    with _delay(backend.firestore, milliseconds) as f, _delay(backend.pubsub, milliseconds) as p:
        yield backend._replace(firestore=f, pubsub=p)


@contextlib.contextmanager
def _delay(host: str, milliseconds: float) -> Iterator[str]:
    port = host.rpartition(":")[2]
    command = [sys.executable, "-m", "bench.delay", port, str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Server:
    """A served function: the framework's process and its worker."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def cpu(self) -> float:
        """Return the CPU time of all its processes so far, in seconds."""
        return sum(_cpu(pid) for pid in self._pids())

    def memory(self) -> float:
        """Return the memory of all its processes in MB, what they share counted once (PSS)."""
        return sum(_pss(pid) for pid in self._pids()) / 1024

    def _pids(self) -> list[int]:
        return [self._process.pid, *_children(self._process.pid)]


@contextlib.contextmanager
def server(peer: Peer, backend: Backend) -> Iterator[Server]:
    """Serve a function as Google's buildpack does, and wait until it answers."""
    with started(peer, backend) as running:
        first_answer(running, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        yield running


@contextlib.contextmanager
def started(peer: Peer, backend: Backend) -> Iterator[Server]:
    """Start to serve a function, and do not wait."""
    port = emulators.free_port()
    command = framework(peer.target, port, peer.root / peer.source)
    env = environment(backend, peer.root) | dict(peer.settings)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env, cwd=peer.root) as process:
        try:
            yield Server(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def environment(backend: Backend, root: Path = ROOT) -> dict[str, str]:
    """Return the environment of a served function; it compiles what it imports, as a build does."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("ENVYBOX")}
    keep.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **keep,
        "PYTHONPATH": str(root),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir(), "envybox-bench-pycache")),
        "FIRESTORE_EMULATOR_HOST": backend.firestore,
        "PUBSUB_EMULATOR_HOST": backend.pubsub,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "ENVYBOX_KEYS": KEY,
    }


def first_answer(running: Server, request: bytes, patience: float = 60) -> bytes:
    """Send a request as soon as the port is open; return the beginning of its answer."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with socket.socket() as client:
            client.settimeout(patience)
            if client.connect_ex(("127.0.0.1", running.port)) == 0:
                client.sendall(request)
                return client.recv(1000)
        time.sleep(0.001)
    raise RuntimeError("the server did not start")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss: in smaps_rollup")
