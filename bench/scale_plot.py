"""The picture of a run of the simulation of scale."""

from __future__ import annotations

from bench.scale_model import Outcome, World


def plot(outcome: Outcome, world: World) -> str:
    """Return the run as a picture (SVG): rates, instances and the spool over time."""
    rows = (
        ("webhooks a second: came (grey), answered (blue), refused (red)",
         (("arrived", "#999"), ("answered", "#1a73e8"), ("refused", "#d93025"))),
        ("instances", (("instances", "#188038"),)),
        ("in the spool", (("spool", "#e37400"),)),
    )  # fmt: skip
    width, height, left, gap = 720, 130, 70, 40
    moments = outcome.moments[:: max(1, len(outcome.moments) // width)]
    last = moments[-1].at or 1.0
    parts = []
    for index, (title, lines) in enumerate(rows):
        top = 30 + index * (height + gap)
        high = max(1.0, *(float(getattr(m, name)) for m in moments for name, _ in lines))
        parts.append(f'<text x="{left}" y="{top - 8}">{title}</text>')
        parts.append(f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{high:,.0f}</text>')
        parts.append(f'<text x="{left - 6}" y="{top + height}" text-anchor="end">0</text>')
        parts.append(f'<path d="M{left} {top}v{height}h{width}" fill="none" stroke="#444"/>')
        for name, colour in lines:
            points = " ".join(
                f"{left + m.at / last * width:.1f},"
                f"{top + height * (1 - getattr(m, name) / high):.1f}"
                for m in moments
            )
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
    bottom = 30 + len(rows) * (height + gap)
    parts.append(
        f'<text x="{left}" y="{bottom - 12}">0 to {world.hours:g} hours; {world.rate:g} webhooks a '
        f"second, times {world.spike:g} for a minute; Firestore down for {world.outage:g} s</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 10} {bottom}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{chr(10).join(parts)}\n</svg>\n'
    )
