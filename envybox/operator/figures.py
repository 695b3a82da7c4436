"""Figures of events: what came, how calls ended, how long they waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from envybox.event import Event
from envybox.ports.lookup import Found

_ANSWERED = "answered"
_MISSED = ("client_no_answer", "operator_no_answer", "operator_busy")


class _Call:
    """One call, of all its webhooks."""

    def __init__(self) -> None:
        self.received: list[datetime] = []
        self.states: set[str] = set()
        self.talks: list[tuple[datetime, int]] = []

    @property
    def waited(self) -> float | None:
        """Seconds from the first webhook to the talk: what is told of it comes when it is over."""
        if not self.talks:
            return None
        at, seconds = min(self.talks)
        return max(0.0, (at - min(self.received)).total_seconds() - seconds)


def figures(events: Iterable[Found], zone: ZoneInfo) -> dict[str, Any]:
    """Return counts by type, site, source, campaign and hour, and those of calls and leads.

    A call is all webhooks of its id: it is missed where it ended without a talk, and one whose
    end is not known is neither. `leads` are different phones or e-mail addresses.
    """
    told = [found.event for found in events]
    calls: dict[tuple[str, str], _Call] = {}
    for event in told:
        if event.call and event.call.id:
            _note(calls.setdefault((event.account, event.call.id), _Call()), event)
    chats = {(event.account, event.chat.id) for event in told if event.chat and event.chat.id}
    hours = Counter(event.received_at.astimezone(zone).hour for event in told)
    by = {
        "type": Counter(event.type for event in told),
        "site": Counter(event.page.site or "?" for event in told),
        "source": Counter(event.utm.source or "?" for event in told),
        "campaign": Counter(event.utm.campaign or "?" for event in told),
    }
    ended = {
        "answered": sum(_ANSWERED in call.states for call in calls.values()),
        "missed": sum(
            _ANSWERED not in call.states and not call.states.isdisjoint(_MISSED)
            for call in calls.values()
        ),
    }
    waits = sorted(call.waited for call in calls.values() if call.waited is not None)
    known = sum(ended.values())
    return {
        "events": len(told),
        "leads": len({e.visitor.phone or e.visitor.email for e in told} - {None, ""}),
        "chats": len(chats),
        "calls": len(calls),
        **ended,
        "missed_share": round(ended["missed"] / known, 4) if known else None,
        "wait_median_seconds": waits[len(waits) // 2] if waits else None,
        "by": {
            **{name: dict(counted.most_common()) for name, counted in by.items()},
            "hour": {f"{hour:02}": hours[hour] for hour in sorted(hours)},
            "state": dict(Counter(s for call in calls.values() for s in call.states).most_common()),
        },
    }


def _note(call: _Call, event: Event) -> None:
    call.received.append(event.received_at)
    if event.call and event.call.state:
        call.states.add(event.call.state)
        if event.call.state == _ANSWERED and event.call.duration_seconds is not None:
            call.talks.append((event.received_at, event.call.duration_seconds))
