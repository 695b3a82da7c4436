"""A gate in front of an emulator: gRPC goes through it, and goes wrong in it as told.

    function → wire (TCP: refuses, hangs, resets) → gate (gRPC: statuses, delays) → emulator

The wire does to connections what a network does, the gate to calls what a service does: it is
the strict gateway, and refuses what Google refuses. What keeps the rules, both let through
until they are told otherwise, and `heal` undoes everything.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc

from envybox.tools.emulators import free_port
from tests.gateway.call import Rule
from tests.gateway.deployment import Deployment
from tests.gateway.proxy import Gateway, Token

FOR_EVER = 3600.0

When = Literal["before", "after"]


@dataclass
class Fault:
    """What happens to calls of a method, `before` they reach the emulator or `after`.

    After means that they took effect. `seconds` is a delay (FOR_EVER: a hang), `action`
    something to do, `status` the answer, each where it is given, in this order: a call that
    is struck before and given a status never reaches the emulator. `skip` calls are let
    through first, `times` is how many are struck. `only` picks calls by what is in their
    request.
    """

    method: str = ""
    when: When = "before"
    seconds: float = 0.0
    status: grpc.StatusCode | None = None
    action: Callable[[], None] | None = None
    skip: int = 0
    times: int = 1_000_000
    only: Callable[[bytes], bool] = lambda _: True
    struck: int = field(default=0, init=False)

    def strikes(self, method: str, request: bytes) -> bool:
        """Tell whether this call is struck, and count it."""
        if self.method not in ("", method) or not self.only(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.struck += 1
        return self.struck <= self.times


class Gate(Gateway):
    """The gRPC half: passes on what keeps the rules, faults aside."""

    def __init__(self, emulator: str, rules: Iterable[Rule], deployment: Deployment) -> None:
        super().__init__(emulator, rules, deployment)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._healed = threading.Event()

    def add(self, fault: Fault) -> Fault:
        """Let a fault happen from now on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Let all through again; calls that hang are dropped."""
        with self._lock:
            self._faults.clear()
            healed, self._healed = self._healed, threading.Event()
        self.contended.clear()
        healed.set()

    def close(self) -> None:
        """Stop."""
        self.heal()
        super().close()

    def before(self, method: str, request: bytes, context: grpc.ServicerContext) -> None:
        """Let faults happen to a call that has no effect yet."""
        self._strike(method, "before", request, context)

    def after(self, method: str, request: bytes, context: grpc.ServicerContext) -> None:
        """Let faults happen to a call that took effect."""
        self._strike(method, "after", request, context)

    def _strike(
        self, method: str, when: When, request: bytes, context: grpc.ServicerContext
    ) -> None:
        with self._lock:
            healed = self._healed
            struck = [
                fault
                for fault in self._faults
                if fault.when == when and fault.strikes(method, request)
            ]
        for fault in struck:
            if fault.seconds and healed.wait(fault.seconds) and fault.seconds == FOR_EVER:
                context.abort(grpc.StatusCode.UNAVAILABLE, "it hung until the end")
            if fault.action:
                fault.action()
            if fault.status:
                context.abort(fault.status, "as told")


class Wire:
    """The TCP half: connections to the gate's doors. `hosts` is what each account is given."""

    def __init__(self, doors: Mapping[str, int]) -> None:
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[tuple[socket.socket, socket.socket]] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._ports = {free_port(): door for door in doors.values()}
        self._listeners = [self._listen(port) for port in self._ports]
        self.hosts = {
            account: f"127.0.0.1:{port}" for account, port in zip(doors, self._ports, strict=True)
        }

    def refuse(self) -> None:
        """Reset what is connected, and let nobody connect."""
        for listener in self._listeners:
            _close(listener)
        self.reset()

    def reset(self) -> None:
        """Reset what is connected; who connects again is let through."""
        for pair in self._take():
            for end in pair:
                _close(end, reset=True)

    def end(self) -> None:
        """End what is connected, as a server does with a connection that was idle for long."""
        for pair in self._take():
            for end in pair:
                _close(end)

    def silence(self) -> None:
        """Pass on no more of what is connected, without a word to either side."""
        self._silent.update(self._take())

    def _take(self) -> list[tuple[socket.socket, socket.socket]]:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        return pairs

    def hang(self) -> None:
        """Take connections and bytes as ever, and pass nothing on, either way."""
        self._flowing.clear()

    def heal(self) -> None:
        """Let all through again; what hung is passed on late."""
        self._flowing.set()
        if self._listeners[0].fileno() == -1:
            self._listeners = [self._listen(port) for port in self._ports]

    def close(self) -> None:
        """Stop."""
        self.refuse()
        self._flowing.set()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), reuse_port=False, backlog=128)
        to = ("127.0.0.1", self._ports[port])
        threading.Thread(target=self._accept, args=(listener, to), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket, to: tuple[str, int]) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(to, timeout=10)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((near, far))
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                if not self._silent.intersection(((source, target), (target, source))):
                    target.sendall(data)
        for end in (source, target):
            _close(end)


def _close(end: socket.socket, *, reset: bool = False) -> None:
    with contextlib.suppress(OSError):
        if reset:  # without lingering, closing sends RST
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
    end.close()


class Backend:
    """An emulator behind a gate behind a wire."""

    def __init__(self, emulator: str, rules: Iterable[Rule], deployment: Deployment) -> None:
        self.gate = Gate(emulator, rules, deployment)
        accounts = deployment.accounts
        doors = {account: self.gate.door({"owner": Token(account)}) for account in accounts}
        self.wire = Wire(doors)
        self.hosts = self.wire.hosts

    def heal(self) -> None:
        """End every fault."""
        self.gate.heal()
        self.wire.heal()

    def close(self) -> None:
        """Stop."""
        self.wire.close()
        self.gate.close()


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return what the condition gives once it is true. Fails with `what` after a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
