"""Charts as SVG drawn on the server: the console's, and those of a page that stands alone.

Text in, text out. Colours are presentation attributes, which a strict Content-Security-Policy
lets be, and classes (`k-call-result`), for a style sheet that has other ones in the dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

COLOURS = {
    "call.started": "#a9c3f0",
    "call.info": "#5f8fe8",
    "call.result": "#2f5fc4",
    "chat.manager": "#8ed1bf",
    "chat.offline": "#3fae95",
    "chat.online": "#1d7f6b",
    "lead.generator": "#f0b65f",
    "lead.quiz": "#dd7f37",
    "lead.video": "#a85a1c",
    "unknown": "#9aa0a8",
    "answered": "#2e9466",
    "callback_ordered": "#2f5fc4",
    "callback_scheduled": "#8fb1ee",
    "client_no_answer": "#eab04d",
    "operator_no_answer": "#cf4b43",
    "operator_busy": "#e58f84",
    "other": "#9aa0a8",
}
"""The colour of each type of event and each state of a call; kinds share a hue."""

_OTHER = "#9aa0a8"
_LEFT, _TOP, _BOTTOM = 34, 8, 22
_GAP = 0.22
"""The share of a bar's place that is left empty."""


class Bar(NamedTuple):
    """One bar. `values`: how much of what; `label` stands below it, '' for none.

    `title` is what a pointer and a screen reader are told; `href`, where it leads.
    """

    values: Mapping[str, int]
    title: str
    label: str = ""
    href: str = ""

    @property
    def total(self) -> int:
        """How much it is in all."""
        return sum(self.values.values())


def css_class(name: str) -> str:
    """Return the class of what has this name: `k-call-result`. A strange name has none of its own.

    Names may be of a later version, or of nobody's.
    """
    return f"k-{name.replace('.', '-').replace('_', '-')}" if name in COLOURS else "k-other"


def bars(drawn: Sequence[Bar], title: str, *, width: int = 960, height: int = 170) -> str:
    """Return bars from left to right, each stacked in the order of `COLOURS`."""
    highest = _ceiling(max((bar.total for bar in drawn), default=0))
    plot = height - _TOP - _BOTTOM
    place = (width - _LEFT) / max(1, len(drawn))
    parts = [_head("chart", width, height) + f' role="group" aria-label="{escape(title)}">']
    for value in _marks(highest):
        y = _TOP + plot * (1 - value / highest)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"'
            ' stroke="#8884" stroke-width="1"/>'
            f'<text class="axis" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end"'
            f' font-size="10.5" fill="#767b85">{value}</text>'
        )
    for number, bar in enumerate(drawn):
        x = _LEFT + place * number
        parts.append(_bar(bar, x, place, plot, highest))
        if bar.label:
            parts.append(
                f'<text class="axis" x="{x + place / 2:.1f}" y="{height - 6}"'
                f' text-anchor="middle" font-size="10.5" fill="#767b85">{escape(bar.label)}</text>'
            )
    return "".join((*parts, "</svg>"))


def _bar(bar: Bar, x: float, place: float, plot: float, highest: int) -> str:
    inner, left = place * (1 - _GAP), x + place * _GAP / 2
    bottom = _TOP + plot
    parts = [f"<g><title>{escape(bar.title)}</title>"]
    parts.append(
        f'<rect class="hit" x="{x:.1f}" y="{_TOP}" width="{place:.1f}" height="{plot:.1f}"'
        ' fill="transparent"/>'
    )
    for name in _ordered(bar.values):
        tall = plot * bar.values[name] / highest
        bottom -= tall
        parts.append(_rect(name, left, bottom, inner, tall))
    drawn = "".join((*parts, "</g>"))
    if not bar.href:
        return drawn
    # Out of the order of tabs: sixty stops before the list, which the periods lead to as well.
    return (
        f'<a href="{escape(bar.href)}" tabindex="-1" aria-label="{escape(bar.title)}">{drawn}</a>'
    )


def shares(
    values: Mapping[str, int], title: str, *, of: int = 0, width: int = 960, height: int = 10
) -> str:
    """Return one line that is divided as the values are. Nothing at all is a grey one.

    `of`: what the whole width stands for, where that is more than their sum.
    """
    total = max(of, sum(values.values()))
    told = f' preserveAspectRatio="none" role="img" aria-label="{escape(title)}">'
    parts = [_head("shares", width, height) + told]
    if not total:
        parts.append(_rect("", 0, 0, width, height))
    x = 0.0
    for name in _ordered(values):
        wide = width * values[name] / total
        parts.append(_rect(name, x, 0, max(wide - 2, 0.5), height))
        x += wide
    return "".join((*parts, "</svg>"))


def _head(name: str, width: int, height: int) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg class="{name}" {size}'


def _rect(name: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{css_class(name)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
        f' height="{height:.1f}" fill="{COLOURS.get(name, _OTHER)}"/>'
    )


def _ordered(values: Mapping[str, int]) -> list[str]:
    known = [name for name in COLOURS if values.get(name)]
    return known + sorted(name for name in values if name not in COLOURS and values[name])


_NICE = {1: 5, 2: 4, 3: 3, 4: 4, 5: 5, 6: 3, 8: 4}
"""First digits that an axis may end with, and in how many parts it is marked then."""


def _ceiling(number: int) -> int:
    """Return the next number that is no less, of one digit and noughts."""
    power = 1
    while True:
        for digit in _NICE:
            if digit * power >= number:
                return digit * power
        power *= 10


def _marks(highest: int) -> list[int]:
    """Return what the axis is marked with: whole numbers, six at most."""
    parts = min(highest, _NICE[int(str(highest)[0])])
    return [highest * part // parts for part in range(parts + 1)]
