from __future__ import annotations

import json
import re
from pathlib import Path

from envybox.event import Event
from tests.operator.support import objects, run
from tests.operator.test_events import HOSTILE
from tests.operator.worlds import World, an_event

_TALK, _START = "a call: they talked", "a call starts"


def _calls() -> list[tuple[Event, list[tuple[str, str]]]]:
    """Return three calls: one that waited 5 s, one missed, one whose end is not known."""
    return [
        an_event(_START, call_id="1"),
        an_event(_TALK, call_id="1", seconds=100),
        an_event(
            "the help page's example",
            call_id="1",
            seconds=101,
            call_state="Состоялся разговор",
            call_duration="95",
        ),
        an_event(_START, call_id="2"),
        an_event(_TALK, call_id="2", seconds=9, call_state="Оператор не взял трубку"),
        an_event(_START, call_id="3", seconds=3600),
    ]


def test_of_calls_not_of_webhooks(world: World) -> None:
    """The missed share is of calls whose end is known, however many webhooks each brought."""
    world.put(*_calls(), an_event("the quiz", phone="79000000007", visitor_id="7"))
    result = run("stats", "--json")
    [told] = objects(result)
    assert (7, 3, 1, 1, 0.5) == (
        told["events"],
        told["calls"],
        told["answered"],
        told["missed"],
        told["missed_share"],
    )
    assert 5 == told["wait_median_seconds"]
    assert {"call.started": 3, "call.info": 2, "call.result": 1, "lead.quiz": 1} == told["by"][
        "type"
    ]
    assert {"09": 6, "10": 1} == told["by"]["hour"]
    assert ("This reads 7 documents." in result.stderr) != world.is_local


def test_drawn(local: World) -> None:
    """In the terminal each value has a bar as long as its share; the rest is summed up."""
    local.put(
        *_calls(),
        *(
            an_event("the end of an online chat", site=f"s{n}", utm_source=HOSTILE)
            for n in range(20)
        ),
    )
    text = run("stats", "--since", "2026-01-01").stdout
    assert "missed  50.0% of 2 calls whose end is known" in text
    assert "wait    5 s until the talk, median" in text
    assert re.search(r"by type\n  chat.online +20 █{40}\n", text)
    assert re.search(r"by site\n(.*\n){12}  others +\d+\n", text)
    assert "\x1b" not in text


def test_nothing(local: World) -> None:
    """Of nothing there are no shares."""
    local.put(an_event())
    text = run("stats", "--site", "none").stdout
    assert "events  0\n" in text
    assert "missed" not in text
    assert "by type" not in text


def test_page(local: World, tmp_path: Path) -> None:
    """The page needs nothing else, and shows text as text."""
    local.put(*_calls(), an_event(utm_campaign="<script>alert(1)</script>\u202e"))
    file = tmp_path / "report.html"
    assert "" == run("stats", "--html", str(file)).stdout
    page = file.read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;U+202E&gt;" in page
    assert not re.search(r"<script|src=|href=|url\(", page)
    assert '<rect class="k-call-started" x="0.0" y="0.0" width="298.0"' in page.replace(
        'x="0" y="0"', 'x="0.0" y="0.0"'
    )
    assert "<title>09:00: 6</title>" in page
    assert "<title>00:00: 0</title>" in page
    assert "50.0% of 2 calls" in page
    assert json.loads(run("stats", "--html", str(file), "--json").stdout)["calls"] == 4
