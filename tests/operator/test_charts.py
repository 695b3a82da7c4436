from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import CALL_STATES
from envybox.operator.charts import COLOURS, Bar, bars, css_class, shares
from envybox.operator.console.view import HERE
from envybox.types import TYPES

GREY = ("unknown", "other")

NAMES = st.sampled_from([*COLOURS, "of.a later <version>", ""])
VALUES = st.dictionaries(NAMES, st.integers(0, 100_000), max_size=5)


def _rects(svg: str) -> list[ElementTree.Element]:
    drawn = ElementTree.fromstring(svg)  # noqa: S314 - ours
    return [one for one in drawn.iter("rect") if one.get("class") != "hit"]


def test_all_kinds_have_colours() -> None:
    """Each type and each state has a colour of its own to be told by."""
    assert {row.type for row in TYPES} | {*CALL_STATES} == set(COLOURS)


def test_the_console_s_sheet_has_the_same_colours() -> None:
    """In the light the console's style sheet gives each kind the colour that it has elsewhere."""
    sheet = (HERE / "static" / "console.css").read_text("utf-8")
    light = re.sub(r"@media \(prefers-color-scheme: dark\) {\n(?:  .*\n)*}", "", sheet)
    found = dict(re.findall(r"\.(k-[\w-]+) { --k: (#[0-9a-f]{6})", light))
    assert {css_class(name): colour for name, colour in COLOURS.items() if name not in GREY} == {
        name: colour for name, colour in found.items() if name != "k-other"
    }


@given(st.lists(st.builds(Bar, VALUES, st.text(), st.text(), st.sampled_from(["", "/a?b=1&c"]))))
def test_bars_stand_for_what_they_say(drawn: list[Bar]) -> None:
    """A bar is as tall as what it stands for, stands on the line and within the picture."""
    drawn = [bar._replace(title=_drawable(bar.title), label=_drawable(bar.label)) for bar in drawn]
    svg = bars(drawn, "by <hour>", height=200)
    rects = _rects(svg)
    assert sum(value > 0 for bar in drawn for value in bar.values.values()) == len(rects)
    heights = [float(rect.get("height", "")) for rect in rects]
    values = [bar.values[name] for bar in drawn for name in _order(bar.values)]
    if values:
        unit = max(heights) / max(values)
        assert all(abs(h - v * unit) < 0.2 for h, v in zip(heights, values, strict=True))
        assert all(0 <= float(rect.get("y", "")) <= 200 for rect in rects)
    assert "style=" not in svg  # the policy of a page refuses it


def test_the_axis_is_in_whole_numbers() -> None:
    """One event is one, not a half; hundreds end with a round number."""

    def marks(total: int) -> list[str]:
        return re.findall(r'text-anchor="end"[^>]*>(\d+)<', bars([Bar({"unknown": total}, "")], ""))

    assert ["0", "1"] == marks(1)
    assert ["0", "1", "2", "3"] == marks(3)
    assert ["0", "100", "200", "300"] == marks(238)
    assert ["0", "1"] == marks(0)


def test_a_bar_says_what_it_is() -> None:
    """A bar has its text for a pointer and a reader, and leads to its events."""
    svg = bars([Bar({"call.info": 3}, 'Call "info": 3', "14:00", "/events?a=1&b=2")], "by hour")
    assert 'href="/events?a=1&amp;b=2"' in svg
    assert "<title>Call &quot;info&quot;: 3</title>" in svg
    assert ">14:00</text>" in svg


@given(VALUES)
def test_shares_fill_the_line(values: dict[str, int]) -> None:
    """A line is divided as the values are; with none it is there all the same."""
    rects = _rects(shares(values, "states"))
    known = [name for name, value in values.items() if value]
    assert max(1, len(known)) == len(rects)


@pytest.mark.parametrize("name", ['x" onload="alert(1)', "no_such_state", ""])
def test_a_strange_name_makes_no_class(name: str) -> None:
    """A type or a state of nobody's is grey, whatever its name is made of."""
    assert "k-other" == css_class(name)


def _order(values: dict[str, int]) -> list[str]:
    known = [name for name in COLOURS if values.get(name)]
    return known + sorted(name for name in values if name not in COLOURS and values[name])


def _drawable(text: str) -> str:
    return re.sub(r"[^\x20-\ud7ff]", "", text)  # XML has no word for the others
