"""Chromium, and a console that is served to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envybox.operator.console.desk import Desk
from envybox.operator.console.serve import Server, server
from envybox.tools.emulators import free_port
from tests.tools.support import eventually

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1"]  # fmt: skip
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    (event) => violations.push(event.violatedDirective + " " + event.blockedURI));
"""


def missing(what: str, remedy: str) -> None:
    """Skip, or fail where CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing: {remedy}")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Start the system's Chromium, without a network of its own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright", "pip install playwright")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("Chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def axe() -> str:
    """Return axe-core's script, which looks for faults of accessibility."""
    path = Path(os.environ.get("AXE_CORE") or "node_modules/axe-core/axe.min.js")
    if not path.exists():
        missing("axe-core", "npm install axe-core, and its axe.min.js in AXE_CORE")
    return path.read_text("utf-8")


class Tab:
    """A page in the browser, and all that happened to it."""

    def __init__(self, context: Any, url: str) -> None:
        self.page = context.new_page()
        self.url = url
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.page.add_init_script(WATCH)
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def go(self, path: str) -> Any:
        """Open a path of the console's; return the page."""
        self.page.goto(self.url + path)
        return self.page

    def rows(self) -> list[str]:
        """Return the ids of the events in the list."""
        ids = self.page.eval_on_selector_all("#rows > li", "all => all.map(one => one.id)")
        return [one.removeprefix("e-") for one in ids]

    def live(self) -> None:
        """Wait until new events come in."""
        self.page.wait_for_selector("#live.on")

    def check(self) -> None:
        """Fail where something was refused by the policy, went wrong, or left the machine."""
        assert [] == self.page.evaluate("window.violations")
        assert [] == self.troubles
        assert [] == [url for url in self.asked if not url.startswith((self.url, "data:"))]


class Served:
    """A console that is served, and can be stopped and started on its port."""

    def __init__(self, desk: Desk, token: str = "") -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._desk, self._token = desk, token
        self._server: Server | None = None
        self._thread = threading.Thread()

    def start(self) -> None:
        """Serve, until `stop`."""
        self._server = serving = server(self._desk, "127.0.0.1", self.port, token=self._token)
        self._thread = threading.Thread(target=serving.run)
        self._thread.start()
        eventually(lambda: serving.started, "the console")

    def stop(self) -> None:
        """End it, streams and all."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._server = None
