"""A receiver served as in production."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx

from envybox.tools import emulators
from envybox.tools.children import framework
from tests.contract.backends import Backend

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"


class Receiver:
    """The function `webhook` at `url`, and `recover` at `recover_url`."""

    def __init__(self, url: str, recover_url: str, backend: Backend, log: Path) -> None:
        self.url = url
        self.recover_url = recover_url
        self.backend = backend
        self._log = log
        self._http = httpx.Client(timeout=10, trust_env=False)

    def post(
        self, fields: Any, *, key: str | None = KEY, multipart: bool = False, **kwargs: Any
    ) -> httpx.Response:
        """Send a webhook as a form: a dict or a list of pairs, with the key at its end."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        if key is not None:
            pairs.append(("key", key))
        if multipart:
            parts = [(name, (None, value)) for name, value in pairs]
            return self._http.post(self.url, files=parts, **kwargs)
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        headers = {"content-type": "application/x-www-form-urlencoded", **kwargs.pop("headers", {})}
        return self._http.post(self.url, content=body, headers=headers, **kwargs)

    def request(self, method: str, **kwargs: Any) -> httpx.Response:
        """Send any request."""
        return self._http.request(method, self.url, **kwargs)

    def recover(self, content: bytes = b"", method: str = "POST") -> httpx.Response:
        """Call `recover`, by default as Cloud Scheduler and Pub/Sub do."""
        return self._http.request(method, self.recover_url, content=content)

    def accepted(self, fields: Any, *, tries: int = 1, **kwargs: Any) -> dict[str, Any]:
        """Send a webhook that has to be published, and return its document.

        `tries`: how often it may be spooled before, for want of time: of what is very large.
        """
        for _ in range(tries):
            response = self.post(fields, **kwargs)
            if response.json().get("status") != "spooled":
                break
        assert (200, "published") == (response.status_code, response.json()["status"])
        return self.published(response.json()["id"])

    def published(self, event_id: str) -> dict[str, Any]:
        """Return the document of an event once it is marked as published.

        The mark is on its way when the answer comes, and need not have arrived.
        """
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            document = self.backend.document(event_id)
            if document and document["publish"]["state"] == "published":
                return document
            time.sleep(0.01)
        raise AssertionError(f"{event_id} is not published: {document}")

    def message(self, event_id: str) -> dict[str, Any]:
        """Return the one message of an event: its data, attributes and ordering key."""
        document = self.published(event_id)
        found = [
            message
            for message in self.backend.messages(document["publish"]["topic"])
            if message["attributes"].get("event_id") == event_id
        ]
        assert 1 == len(found)
        return found[0]

    def close(self) -> None:
        """Close the connections to it."""
        self._http.close()

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@contextlib.contextmanager
def serve(backend: Backend, **environ: str) -> Iterator[Receiver]:
    """Serve both functions of the checkout on free ports, with further settings."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = folder / "log"
        urls = []
        for target in ("webhook", "recover"):
            port = emulators.free_port()
            output = stack.enter_context(log.open("a") if target == "webhook" else _null())
            process = subprocess.Popen(
                framework(target, port, source=backend.source),
                cwd=folder,
                stdout=output,
                env=_clean() | {"ENVYBOX_KEYS": f"shop={KEY}"} | backend.environ(target) | environ,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            urls.append(f"http://127.0.0.1:{port}/")
        for url in urls:
            _wait(url)
        log.write_text("")
        running = Receiver(urls[0], urls[1], backend, log)
        stack.callback(running.close)
        yield running


def _clean() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ENVYBOX_", "GOOGLE_CLOUD")) and not name.endswith("_HOST")
    }


def _null() -> Any:
    return Path(os.devnull).open("w")


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.head(url, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the receiver does not start"
            time.sleep(0.05)
        else:
            return
