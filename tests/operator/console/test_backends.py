from __future__ import annotations

import re
from pathlib import Path

import pytest

from envybox.operator.console.desk import Desk
from envybox.operator.place import Place
from tests.operator.console.support import Store
from tests.operator.worlds import World, an_event


def test_each_backend_is_shown_alike(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """List, event, story, health, download and publication are the same on each backend."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    event, fields = an_event()
    assert event.call
    world.put((event, fields))
    desk = Desk.of(Place({}))
    assert not desk.deployed
    client = Store.client_of(desk)
    page = client.get("/events?period=all").text
    assert [event.id] == re.findall(r'id="e-([0-9a-f]{32})"', page)
    assert '<svg class="chart"' in page
    assert "As normalized" in client.get(f"/events/{event.id}").text
    assert event.id in client.get(f"/call?id={event.call.id}").text
    assert "can be read" in client.get("/health").text
    assert event.id in client.get("/events/export.csv?period=all").text
    assert "Published again" in client.post(f"/events/{event.id}/publish").text
