from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from envybox.errors import Denied, InProgress, Refused, SettingsError, TurnLost, Unavailable
from envybox.event import Event
from envybox.subscriber.function import configured, function, log, required
from envybox.testing import push, sample


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the only line that was logged."""
    entry: dict[str, Any] = json.loads(capsys.readouterr().out)
    return entry


def test_done(capsys: pytest.CaptureFixture[str]) -> None:
    """What is done is 200, and a line tells what it was, of which event."""
    event = sample("call.result")

    @function
    def main(given: Event) -> str:
        assert event == given
        return "told"

    assert ("told", 200) == main(push(event, attempt=3).body)
    entry = line(capsys)
    assert ("INFO", "told", event.id, "call.result", 3) == tuple(
        entry[name] for name in ("severity", "message", "event_id", "type", "attempt")
    )
    assert "main" == main.__name__


@pytest.mark.parametrize(
    ("error", "status", "severity"),
    [
        (Refused("code 7"), 200, "ERROR"),
        (InProgress("another"), 503, "WARNING"),
        (TurnLost("another"), 503, "WARNING"),
        (Unavailable("down"), 503, "WARNING"),
        (Denied("401"), 500, "ERROR"),
        (KeyError("+79000000000"), 500, "ERROR"),
    ],
)
def test_not_done(
    capsys: pytest.CaptureFixture[str], error: Exception, status: int, severity: str
) -> None:
    """Each kind of error has its answer and its severity; of a defect no value is told."""

    @function
    def main(_: Event) -> str:
        raise error

    answer = main(push(sample()).body)
    entry = line(capsys)
    assert (status, severity, status) == (answer[1], entry["severity"], entry["status"])
    assert "+79000000000" not in json.dumps(entry) + answer[0]
    assert ("stack" in entry) is isinstance(error, KeyError)


def test_no_event(capsys: pytest.CaptureFixture[str]) -> None:
    """A request that holds no event is refused: it must not vanish, a subscription is wrong."""
    main = function(lambda _: "done")
    assert 400 == main(b'{"phone": "+79000000000"}')[1]
    entry = line(capsys)
    assert "ERROR" == entry["severity"]
    assert "+79000000000" not in json.dumps(entry)


def test_a_log_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk or a closed pipe costs a line, and no event."""

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError

    monkeypatch.setattr(sys, "stdout", Full())
    log("INFO", "lost")


def test_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the environment."""
    monkeypatch.setenv("ENVYBOX_TEST", " given ")
    assert "given" == configured(lambda environ: required(environ, "ENVYBOX_TEST", "a word"))


def test_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is missing ends the process with a line that names it."""
    monkeypatch.setenv("ENVYBOX_TEST", " ")
    with pytest.raises(SystemExit, match="envybox: ENVYBOX_TEST: it is not set; it takes a word"):
        configured(lambda environ: required(environ, "ENVYBOX_TEST", "a word"))
    with pytest.raises(SettingsError):
        required({}, "ENVYBOX_TEST", "a word")
