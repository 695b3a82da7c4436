"""The list that is live, in Chromium."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.operator.console.browser import Served, Tab
from tests.operator.console.support import CALL, FORM, Store
from tests.tools.support import eventually

pytestmark = pytest.mark.browser


def form(number: int) -> dict[str, str]:
    """Return another visitor's form."""
    return FORM | {"visitor_id": str(1000 + number)}


def test_events_come_within_a_second(store: Store, tab: Tab) -> None:
    """What comes in is there within a second, on top, and is counted; nothing is loaded anew."""
    first = store.add(FORM, ago=60)
    page = tab.go("/events")
    tab.live()
    second = store.add(CALL)
    started = time.monotonic()
    page.wait_for_selector(f"#e-{second}")
    assert time.monotonic() - started < 1
    assert [second, first] == tab.rows()
    page.wait_for_selector(".facets a[href='/events?type=call.info']")
    assert 1 == sum(url.endswith("/events") for url in tab.asked)


def test_the_first_webhook_takes_the_guide_s_place(store: Store, tab: Tab) -> None:
    """The first webhook of all is shown where the page told how to get one."""
    page = tab.go("/events")
    assert "No webhook yet" in page.inner_text("#empty")
    tab.live()
    store.add(FORM)
    page.wait_for_selector("#rows > li")
    assert not page.query_selector("#empty")


def test_a_pause_keeps_what_comes(store: Store, tab: Tab) -> None:
    """While it is paused nothing moves; what came is counted, and then shown."""
    page = tab.go("/events")
    tab.live()
    page.keyboard.press("p")
    ids = [store.add(form(n), ago=-n) for n in range(3)]
    page.wait_for_selector("#more >> text='New: 3'")
    assert [] == tab.rows()
    assert page.title().startswith("(3) Now")
    page.click("#pause")
    assert ids[::-1] == tab.rows()
    assert not page.is_visible("#more")
    assert page.title().startswith("Now")


def test_who_reads_further_down_is_not_pushed_away(store: Store, tab: Tab) -> None:
    """Far down in the list new events are counted, and shown when they are asked for."""
    for n in range(60):
        store.add(form(n), ago=600 - n)
    page = tab.go("/events")
    tab.live()
    page.mouse.wheel(0, 1200)
    eventually(lambda: page.evaluate("window.scrollY") > 200)
    new = store.add(CALL)
    page.click("#more")
    assert new == tab.rows()[0]
    eventually(lambda: page.evaluate("window.scrollY") == 0)


def test_a_filter_holds_for_what_comes(store: Store, tab: Tab) -> None:
    """A list with a filter takes only what matches."""
    store.add(CALL, ago=60)
    page = tab.go("/events")
    page.click(".facets a[href='/events?type=call.info']")
    assert page.url.endswith("/events?type=call.info")
    tab.live()
    store.add(FORM)
    new = store.add(CALL | {"call_id": "9000002"})
    page.wait_for_selector(f"#e-{new}")
    assert 2 == len(tab.rows())
    page.click(".chips a")
    assert page.url.endswith("/events")
    eventually(lambda: len(tab.rows()) == 3)


def test_a_dropped_stream_loses_nothing(store: Store, served: Served, tab: Tab) -> None:
    """What came while the console was away is there when it is back, once and in order."""
    page = tab.go("/events")
    tab.live()
    ids = [store.add(form(0), ago=90)]  # long before what a stream overlaps
    page.wait_for_selector(f"#e-{ids[0]}")
    served.stop()
    page.wait_for_selector("#live:not(.on)")
    ids += [store.add(form(n), ago=90 - n) for n in range(1, 20)]
    served.start()
    page.wait_for_selector(f"#e-{ids[-1]}")
    ids.append(store.add(form(20)))
    page.wait_for_selector(f"#e-{ids[-1]}")
    assert ids[::-1] == tab.rows()
    tab.troubles.clear()


def test_after_too_much_the_page_is_to_be_loaded(
    store: Store, tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who missed more than a stream is sent is told to load the page anew."""
    monkeypatch.setattr("envybox.operator.console.live.CAUGHT_UP", 2)
    page = tab.go("/events")
    tab.live()
    hide(page, hidden=True)
    for n in range(4):
        store.add(form(n))
    hide(page, hidden=False)
    hide(page, hidden=True)
    hide(page, hidden=False)  # it stays so until it is done
    page.click("#more >> text=load the page anew")
    page.wait_for_selector("#rows > li")
    assert 4 == len(tab.rows())


HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def hide(page: Any, *, hidden: bool) -> None:
    """Have the page believe that its tab was switched away from, or back to."""
    page.evaluate(HIDE, hidden)


def test_a_hidden_tab_gives_its_connection_back(store: Store, tab: Tab) -> None:
    """A tab that nobody looks at has no stream; looked at again, it has all that came."""
    store.add(CALL, ago=90)
    page = tab.go("/events")
    tab.live()
    hide(page, hidden=True)
    assert "not live" == page.inner_text("#live")
    new = store.add(FORM, ago=60)
    hide(page, hidden=False)
    page.wait_for_selector(f"#e-{new}")
    hide(page, hidden=True)
    newer = store.add(form(1), ago=30)
    hide(page, hidden=False)
    page.wait_for_selector(f"#e-{newer}")


def test_many_tabs(store: Store, chrome: Any, served: Served) -> None:
    """Two tabs are told the same, whatever each of them has on."""
    context = chrome.new_context(locale="en-US")
    tabs = [Tab(context, served.url) for _ in range(2)]
    tabs[0].go("/events")
    tabs[1].go("/events?type=call.info")
    for tab in tabs:
        tab.live()
    call, other = store.add(CALL), store.add(FORM)
    tabs[0].page.wait_for_selector(f"#e-{other}")
    eventually(lambda: [call] == tabs[1].rows())
    assert {call, other} == set(tabs[0].rows())
    for tab in tabs:
        tab.check()
    context.close()


def test_what_is_owed_is_live(store: Store, tab: Tab) -> None:
    """What is pending shows up on top without the page being loaded anew."""
    page = tab.go("/events")
    tab.live()
    store.add(FORM, ago=60, state="pending")
    page.wait_for_selector("#gauges a[href='/events?pending=1']")
