"""Takes the pictures of docs/console.md anew: `python -m docs.generate.screenshots`.

It needs Chromium and Playwright's Python package. People, numbers and sites are invented.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench.lifelike import fill
from envybox.operator.console.desk import Desk
from envybox.operator.console.serve import server
from envybox.operator.place import Place
from envybox.ports.lookup import Filters
from envybox.tools.emulators import free_port

FOLDER = Path(__file__).parents[1] / "images"
EVENTS, DAYS = 2000, 5
MOST_BYTES = 150_000


class Picture(NamedTuple):
    """A page, and how it is looked at."""

    name: str
    path: str
    language: str
    theme: str
    width: int = 1120
    height: int = 700


PICTURES = (
    Picture("console-now", "/events", "en", "light"),
    Picture("console-now-dark", "/events", "ru", "dark"),
    Picture("console-event", "/events/{event}", "en", "light", height=620),
    Picture("console-call", "/call?id={call}", "ru", "light", height=520),
    Picture("console-chat", "/chat?id={chat}", "en", "dark", height=640),
    Picture("console-health", "/health", "en", "light", height=620),
    Picture("console-phone", "/events", "ru", "light", width=390, height=844),
)


def main() -> None:
    """Fill a store, serve its console, and take each picture."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "envybox.db")
        fill(path, EVENTS, DAYS, datetime.now(UTC))
        place = Place({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": path})
        desk = Desk.of(place, "http://localhost:8080/")
        port = free_port()
        serving = server(desk, "127.0.0.1", port)
        thread = threading.Thread(target=serving.run)
        thread.start()
        while not serving.started:
            time.sleep(0.05)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                names = _names(desk)
                for picture in PICTURES:
                    _take(browser, f"http://localhost:{port}", picture, names)
                browser.close()
        finally:
            serving.should_exit = True
            thread.join()


def _names(desk: Desk) -> dict[str, str]:
    """Return the events and stories that the pictures are of."""
    call = desk.lookup.page(Filters(state="answered"), limit=1).events[0].event
    chat = desk.lookup.page(Filters(type="chat.online"), limit=1).events[0].event
    return {
        "event": call.id,
        "call": (call.call and call.call.id) or "",
        "chat": (chat.chat and chat.chat.id) or "",
    }


def _take(browser: Any, url: str, picture: Picture, names: dict[str, str]) -> None:
    context = browser.new_context(
        locale=picture.language,
        color_scheme=picture.theme,
        viewport={"width": picture.width, "height": picture.height},
    )
    page = context.new_page()
    page.goto(url + picture.path.format(**names))
    if picture.path == "/events":
        page.wait_for_selector("#live.on")
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{picture.name}.png"
    page.screenshot(path=file)
    context.close()
    if file.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{file.name} has over {MOST_BYTES:,} bytes: make it a smaller one")


if __name__ == "__main__":
    main()
