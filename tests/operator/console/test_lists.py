from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from envybox.operator.console.desk import Desk
from envybox.operator.place import Place
from envybox.operator.spooled import Spooled
from tests.operator.console.support import CALL, FORM, HOME, Client, Store

HOSTILE = '"><script>alert(1)</script>\u202e=1+1'


def _rows(page: str) -> list[str]:
    return re.findall(r'<li class="row[^"]*" id="e-([0-9a-f]{32})"', page)


def test_the_newest_come_first(store: Store, client: Client) -> None:
    """The list has a line for each event, the newest first, each a link of its own."""
    older, newer = store.add(CALL, ago=60), store.add(FORM)
    page = client.get("/events").text
    assert [newer, older] == _rows(page)
    assert f'href="/events/{older}"' in page
    assert "Сколько стоит доставка?" in page
    assert "1:05" in page


def test_a_filter_is_a_link(store: Store, client: Client) -> None:
    """What events have is counted beside the list, and each value leads to its events."""
    call, form = store.add(CALL), store.add(FORM)
    page = client.get("/events").text
    for url, expected in (
        ("/events?type=call.info", call),
        ("/events?state=answered", call),
        ("/events?site=shop.example.com", form),
    ):
        assert f'href="{url}"' in page
        assert [expected] == _rows(client.get(url).text)


def test_a_filter_can_be_taken_away(store: Store, client: Client) -> None:
    """A filter that is on says so, and leads to the list without it."""
    store.add(CALL)
    page = client.get("/events?type=call.info&site=example.com").text
    assert 'href="/events?site=example.com"' in page
    assert 'href="/events?type=call.info"' in page


def test_a_list_has_a_twin(store: Store, client: Client) -> None:
    """A list's URL with `.json` gives the same events, and leads on."""
    call = store.add(CALL)
    store.add(FORM)
    told = client.get("/events.json?type=call.info").json()
    assert ([call], None) == ([event["id"] for event in told["events"]], told["next"])


def test_pages_go_on_where_they_ended(store: Store, client: Client) -> None:
    """Older events follow on further pages, none left out and none twice."""
    ids = [store.add(FORM | {"visitor_id": str(1000 + n)}, ago=600 - n) for n in range(120)]
    url: str | None = "/events"
    seen: list[str] = []
    while url:
        page = client.get(url).text
        seen += _rows(page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found and found[1].replace("&amp;", "&")
    assert ids[::-1] == seen
    told = client.get("/events.json").json()
    assert 50 == len(told["events"])
    assert ids[69] == client.get(told["next"]).json()["events"][0]["id"]


def test_what_is_owed_stands_on_top(store: Store, client: Client) -> None:
    """Pending events are counted, with the oldest one's age, and lead to their list."""
    assert "All delivered" in client.get("/events").text
    waiting = store.add(CALL, ago=180, state="pending")
    page = client.get("/events").text
    assert re.search(r'href="/events\?pending=1">Pending: <b>1</b> · the oldest for <b>3 min', page)
    listed = client.get("/events?pending=1").text
    assert [waiting] == _rows(listed)
    assert 'data-live=""' in listed  # it has an order of its own


def test_the_spool_stands_beside_it(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spooled webhooks are counted on top, with the oldest one's age; or why they are not."""
    since = datetime.now(UTC) - timedelta(hours=3)
    told = [Spooled(count=1234, oldest=since), Spooled(note="not for <you>")]
    monkeypatch.setattr("envybox.operator.console.owed.state", lambda _: told.pop(0))
    store.add(CALL, ago=180, state="pending")
    page = client.get("/events").text
    assert ">Pending: <b>1</b>" in page
    assert ">Spooled: <b>1,234</b> · the oldest for <b>3 h</b>" in page
    assert 'title="not for &lt;you&gt;">Spooled: ?' in client.get("/events").text


def test_calls_are_counted_once(store: Store, client: Client) -> None:
    """A call is one call, however many webhooks told of it, and missed where nobody took it."""
    store.add(CALL | {"webhooktype": "7", "call_state": ""}, ago=30)
    store.add(CALL)
    store.add(CALL | {"call_id": "9000002", "call_state": "Оператор был занят"})
    page = re.sub(r"\s+", " ", client.get("/events").text)
    assert "<dt>Calls</dt><dd>2</dd>" in page
    assert '<dt>Missed</dt><dd class="bad">1 <small>50 %</small></dd>' in page


def test_more_than_is_counted_is_told(store: Store) -> None:
    """Where there are more events than are read for the counts, the page says so."""
    for n in range(3):
        store.add(FORM | {"visitor_id": str(n + 1)}, ago=n)

    class Small(Desk):
        sample = 2

    desk = store.desk()
    small = {name: getattr(desk, name) for name in desk.__dataclass_fields__}
    page = store.client_of(Small(**small)).get("/events").text
    assert "the newest 2; there are more" in page
    assert 3 == len(_rows(page)) + 1


def test_charts_and_counts_come_alone(store: Store, client: Client) -> None:
    """A page that has new rows gets its charts and counts anew without the rest."""
    store.add(CALL)
    panel = client.get("/events/panel?type=call.info").text
    assert "<html" not in panel
    assert 2 == panel.count('<svg class="chart"')
    assert 'class="k-call-info"' in panel


def test_a_week_is_told_in_days(store: Store, client: Client) -> None:
    """Below the bars of one day stand hours, below those of more days their dates."""
    store.add(CALL)
    day = r'text-anchor="middle"[^>]*>\d+ [A-Z][a-z]{2}<'
    hour = r'text-anchor="middle"[^>]*>\d\d:00<'
    week, today = client.get("/events?period=7d").text, client.get("/events").text
    assert (True, False) == (bool(re.search(day, week)), bool(re.search(hour, week)))
    assert (False, True) == (bool(re.search(day, today)), bool(re.search(hour, today)))


def test_dates_are_chosen(store: Store, client: Client) -> None:
    """A stretch of time is chosen by its dates; the filters stay, and it can be taken away."""
    store.add(CALL)
    page = client.get("/events?type=call.info&since=2026-01-02T03:04&until=2026-01-05T00:00").text
    assert 'name="type" value="call.info"' in page
    assert 'name="since" value="2026-01-02T03:04"' in page
    assert 'name="until" value="2026-01-05T00:00"' in page
    assert re.search(r'href="/events\?type=call.info"[^>]*>2 Jan 03:04 – 5 Jan 00:00', page)


@pytest.mark.parametrize("path", ["/events", "/events/panel", "/events.json", "/events/live"])
@pytest.mark.parametrize("query", ["period=2h", "since=never", "cursor=%00"])
def test_a_question_that_means_nothing_is_told(client: Client, path: str, query: str) -> None:
    """A URL that was changed by hand is answered by what is wrong with it, never a traceback."""
    answer = client.get(f"{path}?{query}")
    assert 400 == answer.status_code
    assert "Traceback" not in answer.text


def test_the_first_start_guides(store: Store, client: Client) -> None:
    """Where no webhook came yet, the page says what to do; where a filter hides all, that."""
    page = store.client(receiver="http://localhost:8080/").get("/events").text
    assert "No webhook yet" in page
    assert "curl http://localhost:8080/" in page
    store.add(CALL, ago=3 * 86400)
    page = client.get("/events").text
    assert "Nothing here" in page
    assert 'href="/events?period=all"' in page


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Without a file yet, or with one that is none, the console says what is wrong."""
    path = tmp_path / "none.db"
    place = Place({"ENVYBOX_BACKEND": "local", "ENVYBOX_LOCAL_PATH": str(path)})
    client = Store.client_of(Desk.of(place))
    assert (503, True) == (client.get("/events").status_code, "is not there" in client.get("/").text
        or "is not there" in client.get("/events").text)  # fmt: skip
    assert {"error"} == set(client.get("/events.json").json())


def test_hostile_text_is_text(store: Store, client: Client) -> None:
    """What a visitor wrote into each field is shown on every page, and does nothing."""
    fields = dict.fromkeys(
        ("name", "phone", "email", "site", "url", "message", "call_state", "call_record", "place",
         "referrer", "utm_source", "manager_name", "call_id", "visitor_id", "link", "chat_text",
         "extra_" + HOSTILE), HOSTILE)  # fmt: skip
    event = store.add({"webhooktype": "12", "chat_id": HOSTILE, **fields})
    for path in ("/events", f"/events/{event}", "/events/panel", "/events?site=" + HOSTILE):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "\u202e" not in text
        assert 'class="unseen"' in text
    for kind in ("call", "chat", "visitor"):
        text = client.get(f"/{kind}", params={"id": HOSTILE}).text
        assert "alert(1)" in text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("9000001", "/call?id=9000001"),
        ("100000001", "/visitor?id=100000001"),
        ("8 (900) 000-00-00", "/events?phone=8+%28900%29+000-00-00&period=all"),
        ("anna@example.com", "/events?email=anna%40example.com&period=all"),
        ("example.com", "/events?site=example.com&period=all"),
        ("0" * 32, "/events/" + "0" * 32),
        ("5555555", "/call?id=5555555"),
    ],
)
def test_the_search_box_leads_there(store: Store, client: Client, text: str, location: str) -> None:
    """A phone in any spelling, an id or an address leads to its story or its list."""
    store.add(CALL)
    answer = client.get("/find", params={"q": text})
    assert (303, location) == (answer.status_code, answer.headers["location"])


def test_russian_is_chosen(store: Store, client: Client) -> None:
    """The language follows the browser, and then what was chosen, back on the same page."""
    store.add(CALL)
    assert "События" in client.get("/events", headers={"accept-language": "ru"}).text
    answer = client.get("/language/ru?back=/events%3Ftype%3Dcall.info")
    assert "/events?type=call.info" == answer.headers["location"]
    page = client.get("/events").text
    assert '<html lang="ru">' in page
    assert "О звонке" in page
    assert 404 == client.get("/language/xx").status_code


def test_what_is_nowhere_is_told(client: Client) -> None:
    """A path that leads nowhere, or an event that is none, is a page that leads back."""
    for path in ("/nothing", "/events/" + "0" * 32, "/events/..%2Fx", "/call?id=1", "/chat.json"):
        answer = client.get(path)
        assert 404 == answer.status_code, path
    assert "/events" == client.get("/").headers["location"].removeprefix(HOME)
