"""Needs no cloud: `pytest examples/NAME` from the repository's root, in the tests' environment."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from envybox.subscriber import api
from envybox.testing import push, sample


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return the function, loaded, with its settings."""
    monkeypatch.setenv("ENVYBOX_BACKEND", "local")
    monkeypatch.setenv("ENVYBOX_LOCAL_PATH", str(tmp_path / "envybox.db"))
    monkeypatch.setenv("MINE_URL", "https://example.com/leads")
    spec = importlib.util.spec_from_file_location("mine", Path(__file__).with_name("main.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answered", "status"), [(200, 200), (503, 503), (429, 503), (403, 500), (400, 200)]
)
def test_what_is_answered(
    main: Any, monkeypatch: pytest.MonkeyPatch, answered: int, status: int
) -> None:
    """What passes comes again, what a person must mend waits, what is never taken is done."""
    monkeypatch.setattr(api, "call", lambda *_, **__: api.Answer(answered, {}, b""))
    assert status == main.main(push(sample("lead.quiz")).body)[1]


def test_once(main: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is delivered twice is posted once."""
    posted = []

    def call(*_: Any, **sent: Any) -> api.Answer:
        posted.append(sent["json"])
        return api.Answer(200, {}, b"")

    monkeypatch.setattr(api, "call", call)
    event = sample("lead.quiz")
    for _ in range(2):
        main.main(push(event).body)
    assert [{"id": event.id, "phone": event.visitor.phone}] == posted
