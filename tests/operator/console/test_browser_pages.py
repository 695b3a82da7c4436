"""The pages, in Chromium: keyboard, languages, what is sent, accessibility, harm."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from envybox.operator.checks import OK, Check
from envybox.operator.console import health
from tests.operator.console.browser import Served, Tab, axe
from tests.operator.console.support import CALL, FORM, Store
from tests.operator.console.test_stories import CHAT
from tests.operator.support import serving
from tests.tools.support import eventually

pytestmark = pytest.mark.browser

HOSTILE = (
    '"><script>alert(1)</script><img src="http://192.0.2.1/x.png" onerror="alert(2)">'
    "<a href='javascript:alert(3)'>\u202eevil\u2066\x1b[31m</a></pre></textarea></script>{{ 7*7 }}"
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the replays' journals out of the home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_keyboard_is_enough(store: Store, tab: Tab) -> None:
    """`j` and `k` go through the list, Enter opens, `/` searches, Escape leaves the box."""
    ids = [store.add(FORM | {"visitor_id": str(n + 1)}, ago=9 - n) for n in range(3)][::-1]
    page = tab.go("/events")
    focused = "document.activeElement.closest('li')?.id"
    for key, expected in (
        ("j", ids[0]),
        ("j", ids[1]),
        ("j", ids[2]),
        ("j", ids[2]),
        ("k", ids[1]),
    ):
        page.keyboard.press(key)
        assert f"e-{expected}" == page.evaluate(focused)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/events/{ids[1]}")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert "BODY" == page.evaluate("document.activeElement.tagName")
    page.keyboard.press("/")
    page.keyboard.type("shop.example.com")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events?site=shop.example.com**")
    assert ids == tab.rows()


def test_from_the_list_to_the_story(store: Store, tab: Tab) -> None:
    """A row leads to its event, the event to its call, the call to its visitor."""
    store.add(CALL | {"webhooktype": "7", "call_state": ""}, ago=90)
    event = store.add(CALL)
    page = tab.go("/events")
    page.click(f"#e-{event} a")
    page.click("text=Call 9000001")
    assert "Answered by" in page.inner_text("main")
    page.click("text=All of this visitor")
    assert "100000001" in page.inner_text("h1")
    page.click("text=Call started")
    page.wait_for_url("**/events/*")


def test_a_replay_and_a_publication(store: Store, tab: Tab) -> None:
    """An event is posted to a URL, and published again after the page that names who gets it."""
    event = store.add(CALL)
    page = tab.go(f"/events/{event}")
    with serving() as endpoint:
        page.fill("#url", endpoint.url)
        page.click("form.again button")
        page.wait_for_selector(".outcome.good")
    assert 1 == len(endpoint.bodies)
    page.click("text=Publish again")
    assert "Nobody" in page.inner_text("main")
    page.click("button.primary")
    page.wait_for_selector(".outcome.good >> text=Published again")


def test_a_webhook_is_sent(store: Store, chrome: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored event is changed in a form and goes to the receiver as a new webhook."""
    monkeypatch.setenv("ENVYBOX_KEY", "the-key")
    event = store.add(FORM)
    with serving() as receiver, _served(Served(store.desk(receiver=receiver.url))) as served:
        receiver.answer = json.dumps({"status": "published", "id": event}).encode()
        context = chrome.new_context(locale="en-US")
        tab = Tab(context, served.url)
        page = tab.go(f"/events/{event}")
        page.click("text=Send edited")
        page.fill("input[name=value] >> nth=1", "Мария")
        page.click("text=Send >> nth=-1")
        page.wait_for_selector(".outcome.good >> text=published")
        tab.check()
        context.close()
    assert b"%D0%9C%D0%B0%D1%80%D0%B8%D1%8F" in receiver.bodies[0]


def test_copied_as_curl(store: Store, served: Served, chrome: Any) -> None:
    """The command is in the clipboard by one press."""
    event = store.add(FORM)
    context = chrome.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])
    tab = Tab(context, served.url)
    page = tab.go(f"/events/{event}")
    page.click("text=Copy as curl")
    page.wait_for_selector("text=Copied")
    assert "key=$ENVYBOX_KEY" in page.evaluate("navigator.clipboard.readText()")
    tab.check()
    context.close()


def test_the_id_is_copied(store: Store, served: Served, chrome: Any) -> None:
    """An event's id is in the clipboard by one press; without a clipboard it is marked to be."""
    event = store.add(FORM)
    context = chrome.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])
    tab = Tab(context, served.url)
    page = tab.go(f"/events/{event}")
    page.click("text=Copy id")
    page.wait_for_selector("text=Copied")
    assert event == page.evaluate("navigator.clipboard.readText()")
    page = tab.go(f"/events/{event}")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.click("text=Copy as curl")
    marked = page.evaluate("getSelection().toString()")
    assert marked.startswith("curl ")
    tab.check()
    context.close()


def test_the_keys_are_told(store: Store, tab: Tab) -> None:
    """`?` tells the keys, and Escape puts that away; keys do nothing meanwhile."""
    store.add(FORM)
    page = tab.go("/events")
    page.keyboard.press("?")
    assert "Down and up the list" in page.inner_text("dialog[open]")
    page.keyboard.press("/")
    assert not page.evaluate("document.activeElement.matches('input')")
    page.keyboard.press("Escape")
    assert not page.query_selector("dialog[open]")
    page.click("#help")
    page.click("dialog button")
    assert not page.query_selector("dialog[open]")


def test_the_url_is_kept(store: Store, tab: Tab) -> None:
    """`r` leads to the URL that one posts to; on the next event it is there already."""
    first, second = store.add(CALL), store.add(FORM)
    with serving() as endpoint:
        page = tab.go(f"/events/{first}")
        page.keyboard.press("r")
        page.keyboard.type(endpoint.url)
        page.keyboard.press("Enter")
        page.wait_for_selector(".outcome.good")
        tab.go(f"/events/{second}")
        assert endpoint.url == page.input_value("#url")


def test_dates_are_chosen(store: Store, tab: Tab) -> None:
    """A stretch of time is chosen in the page, and what comes in meanwhile does not close that."""
    old = store.add(FORM, ago=3 * 86400)
    store.add(CALL, ago=60)
    page = tab.go("/events")
    tab.live()
    page.click(".dates summary")
    page.fill(".dates [name=since]", "2020-01-01T00:00")
    with page.expect_event("requestfinished", lambda one: "/events/panel" in one.url):
        new = store.add(CALL | {"call_id": "9000002"})
        page.wait_for_selector(f"#e-{new}")
    assert "2020-01-01T00:00" == page.input_value(".dates [name=since]")
    page.click(".dates button")
    page.wait_for_url("**/events?since=2020-01-01T00%3A00**")
    assert 3 == len(tab.rows())
    assert old == tab.rows()[-1]


def test_a_slow_check_holds_no_page_up(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of the receiver's health is shown while the rest is still looked at."""
    gate = threading.Event()

    def slowly(*_: Any, **__: Any) -> Iterator[Check]:
        yield Check("store", OK, "known at once")
        gate.wait(30)
        yield Check("topics", OK, "known at last")

    monkeypatch.setattr(health, "checks", slowly)
    page = tab.page
    page.goto(tab.url + "/health", wait_until="commit")
    page.wait_for_selector("text=known at once")
    assert not page.query_selector("text=known at last")
    gate.set()
    page.wait_for_selector("text=known at last")


def test_both_languages(store: Store, tab: Tab) -> None:
    """A press changes the language, on the page where one is, and it stays."""
    store.add(CALL)
    page = tab.go("/events?type=call.info")
    page.click("[hreflang=ru]")
    page.wait_for_selector("html[lang=ru]")
    assert page.url.endswith("/events?type=call.info")
    assert "О звонке" in page.inner_text("#rows")
    page.click("#rows a")
    assert "Как пришло" in page.inner_text("main")
    page.click("[hreflang=en]")
    page.wait_for_selector("html[lang=en]")


def test_hostile_text_does_nothing(store: Store, tab: Tab) -> None:
    """Whatever a visitor wrote, no page runs, fetches or hides it, live rows included."""
    names = "name phone email site url message call_state call_record place referrer"
    names += " utm_source manager_name shown_on link chat_text"
    fields = dict.fromkeys(names.split(), HOSTILE)
    fields |= {HOSTILE: HOSTILE, "custom_data": json.dumps([HOSTILE])}
    ids = {"call_id": HOSTILE, "chat_id": "7" + HOSTILE, "visitor_id": "8" + HOSTILE}
    page = tab.go("/events")
    tab.live()
    event = store.add({"webhooktype": "12"} | fields | ids)
    page.wait_for_selector(f"#e-{event}")
    assert "<script>alert(1)" in page.inner_text("#rows")
    assert "202E" in page.inner_text("#rows")
    page.click("#rows a")
    stories = page.eval_on_selector_all(
        ".bar .tools a", "all => all.map(a => a.pathname + a.search)"
    )
    for path in stories:
        page = tab.go(path)
        assert not page.query_selector("main script, main img, main iframe")
        assert not page.query_selector("a[href^=javascript]")
    assert 4 == len(stories)


def test_a_megabyte_stays_fast(store: Store, tab: Tab) -> None:
    """A field of a million characters is shown in its beginning, on each page at once."""
    event = store.add(FORM | {"message": "я" * 1_000_000, "name": "W" * 1_000_000})
    for path in ("/events", f"/events/{event}", "/visitor?id=100000004"):
        page = tab.go(path)
        assert len(page.content()) < 1_400_000
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


PATHS = ("/events", "/events/{event}", "/events/{event}/publish", "/call?id=9000001",
    "/chat?id=7000005", "/visitor?id=100000001", "/send", "/health", "/events?period=1h&site=none",
    "/events/none")  # fmt: skip
SERIOUS = """async () => (await axe.run()).violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => one.id + ": " + one.nodes.map((node) => node.html).join(" | "))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_can_be_used_by_all(store: Store, chrome: Any, theme: str, width: int) -> None:
    """axe-core finds no serious fault on any page, in either theme, wide or narrow."""
    script = axe()
    event = store.add(CALL | {"phone": "звоните", "custom_data": "{"}, ago=5, state="pending")
    store.add(CALL | {"call_id": "9000001", "webhooktype": "1"}, ago=4)
    store.add(CHAT)
    with _served(Served(store.desk(receiver="http://localhost:1/"))) as served:
        # axe is put in by hand, which the pages' policy would refuse.
        context = chrome.new_context(color_scheme=theme, locale="ru-RU", bypass_csp=True,
            viewport={"width": width, "height": 800}, reduced_motion="reduce")  # fmt: skip
        tab = Tab(context, served.url)
        for path in PATHS:
            page = tab.go(path.format(event=event))
            page.evaluate(script)
            assert [] == page.evaluate(SERIOUS), path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        tab.check()
        context.close()


def test_a_name_that_was_pointed_here_gets_nothing(
    store: Store, served: Served, chrome: Any
) -> None:
    """A page under another name that leads to this machine reads nothing of the console."""
    store.add(CALL)
    context = chrome.new_context()
    page = context.new_page()
    answer = page.goto(f"http://rebound.example:{served.port}/events.json")
    assert 421 == answer.status
    assert "9000001" not in page.content()
    context.close()


def test_another_site_s_form_is_refused(store: Store, served: Served, chrome: Any) -> None:
    """A page of another origin can neither publish nor read, whoever has it open."""
    event = store.add(CALL)
    with _site(f"{served.url}/events/{event}/publish", f"{served.url}/events.json") as url:
        context = chrome.new_context()
        page = context.new_page()
        page.goto(url)
        eventually(lambda: page.title() != "")
        assert "refused" == page.title()
        page.click("button")
        page.wait_for_url(f"{served.url}/**")
        assert "Another site asked for this" in page.content()
        context.close()


@pytest.mark.parametrize("path", ["/events", "/call?id=9000001"])
def test_the_link_with_the_token_opens(store: Store, chrome: Any, path: str) -> None:
    """The printed link leads in, is cleared from the address, and holds for the whole visit."""
    store.add(CALL)
    with _served(Served(store.desk(), token="the-token")) as served:
        context = chrome.new_context(locale="en-US")
        tab = Tab(context, served.url)
        assert "Open the link" in tab.go(path).content()
        page = tab.go("/?token=the-token")
        assert f"{served.url}/events" == page.url
        tab.live()
        tab.go(path)
        assert "9000001" in page.content() or "Answered" in page.content()
        assert "the-token" not in page.evaluate("document.cookie")
        tab.check()
        context.close()


class _served:  # noqa: N801 - a context
    """A console for as long as the context lasts."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def __enter__(self) -> Served:
        self._served.start()
        return self._served

    def __exit__(self, *_: object) -> None:
        self._served.stop()


class _site:  # noqa: N801 - a context
    """Another site on this machine, whose page reads, and whose form posts."""

    def __init__(self, post: str, read: str) -> None:
        script = f'fetch("{read}").then(() => "read", () => "refused")'
        page = (
            f'<!doctype html><form method=post action="{post}"><button>x</button></form>'
            f"<script>{script}.then((told) => document.title = told)</script>"
        ).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://localhost:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
