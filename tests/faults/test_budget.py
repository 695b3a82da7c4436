"""The time that an answer may take, where it is not the backends that hang."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from envybox import settings
from envybox.errors import Unavailable
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.ports.store import Record
from envybox.receiver.app import App
from tests.faults.function import Function
from tests.faults.gate import Backend, Fault
from tests.faults.promise import KEY, LONGEST_SECONDS, webhook
from tests.faults.world import in_parallel
from tests.gateway import deployment
from tests.gateway.rules import FIRESTORE
from tests.samples import HELP_PAGE, event_of


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the host of a server that takes connections and never says a word."""
    taken = []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:

        def accept() -> None:
            try:
                while True:
                    taken.append(listener.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in taken:
        one.close()


def test_credentials_that_never_come_are_503_in_time(silent: str, tmp_path: Path) -> None:
    """The metadata server hangs, so there is no way to Google: 503 within 3 s, for all."""
    function = Function(
        "webhook",
        {
            "ENVYBOX_KEYS": KEY,
            "GOOGLE_CLOUD_PROJECT": "demo-budget",
            "K_SERVICE": "envybox-webhook",
            "GCE_METADATA_HOST": silent,
            "GCE_METADATA_IP": silent,
            "GCE_METADATA_TIMEOUT": "20",
            # Nothing of the developer's own.
            "CLOUDSDK_CONFIG": str(tmp_path),
            "GOOGLE_APPLICATION_CREDENTIALS": "",
            "FIRESTORE_EMULATOR_HOST": "",
            "PUBSUB_EMULATOR_HOST": "",
        },
    )
    function.start()
    try:
        function.wait()
        answers = in_parallel([lambda: function.post(webhook().fields) for _ in range(4)])
    finally:
        function.kill()
    assert {503} == {answer.status for answer in answers}
    assert max(answer.seconds for answer in answers) <= LONGEST_SECONDS


def test_a_mounted_secret_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    """The keys' file cannot be read again when its minute is over: the known keys still do."""
    file = tmp_path / "keys"
    file.write_text(KEY)
    app = App(
        settings.load(
            {
                "ENVYBOX_KEYS_FILE": str(file),
                "ENVYBOX_BACKEND": "local",
                "ENVYBOX_LOCAL_PATH": str(tmp_path / "envybox.db"),
            }
        )
    )
    file.unlink()
    os.mkfifo(file)  # reading it waits for a writer
    app._keys._read_at -= 3600
    served = Starlette(routes=[Route("/", app.webhook, methods=["POST"])])

    async def send() -> list[tuple[int, float]]:
        results = []
        transport = httpx.ASGITransport(served)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for _ in range(3):
                started = time.monotonic()
                response = await client.post("/", data=webhook().fields)
                results.append((response.status_code, time.monotonic() - started))
        with os.fdopen(os.open(file, os.O_RDWR), "w") as writer:  # let the reader go
            writer.write(KEY)
        return results

    results = asyncio.run(send())
    assert {200} == {status for status, _ in results}
    assert max(seconds for _, seconds in results) <= LONGEST_SECONDS


@pytest.mark.emulator
def test_a_second_try_to_store_gets_what_the_first_one_left(hosts: tuple[str, str]) -> None:
    """A document that is refused late is stored bare in the time that is left, or not at all."""
    strict = deployment.load("demo-budget")
    backend = Backend(hosts[0], FIRESTORE, strict)
    fault = Fault("BatchWrite", seconds=1.2, status=grpc.StatusCode.INVALID_ARGUMENT)
    backend.gate.add(fault)

    async def create() -> None:
        store = FirestoreStore(
            Channel(Google("demo-budget"), "", backend.hosts["webhook"]),
            strict.database_id,
            strict.collection,
        )
        record = Record(event=event_of(HELP_PAGE), raw="[]", topic="envybox-call-result")
        # With all of the time again, it would wait until it is refused again: `Rejected`.
        with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
            await store.create(record, timeout=2)
        await store.close()

    try:
        asyncio.run(create())
        assert 2 == fault.struck
    finally:
        backend.close()
