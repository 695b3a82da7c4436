from __future__ import annotations

import io
import json
import re
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.receiver import logs
from tests.samples import HELP_PAGE, KEY, event_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PREFIX = "logging.googleapis.com/"


class Output(io.StringIO):
    """A standard output that is a terminal, or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def written(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], *, terminal: bool) -> str:
    """Return what an entry writes."""
    output = Output(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", output)
    logs.write(entry)
    return output.getvalue()


# write


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is one line of JSON, without what is None, whatever its text holds."""
    entry = {"severity": "INFO", "site": "a\nb\x1b[2J\u2028", "state": None, "duration_ms": 1.5}
    line = written(monkeypatch, entry, terminal=False)
    assert ["", line[:-1]] == sorted(line.split("\n"))
    assert {"severity": "INFO", "site": "a\nb\x1b[2J\u2028", "duration_ms": 1.5} == json.loads(line)


def test_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is out at once: a function without requests may get no CPU."""
    output = io.TextIOWrapper(io.BufferedWriter(raw := io.BytesIO()), "utf-8")  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdout", output)
    logs.write({"message": "да"})
    assert '{"message":"да"}\n' == raw.getvalue().decode()


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal an event is a line to read: time, type, site, state, id, status."""
    event = event_of(HELP_PAGE)
    entry = {"status": "published", "duration_ms": 4.2, **logs.of_event(event, event.id)}
    line = written(monkeypatch, entry, terminal=True)
    time, _, rest = line.partition("  ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    assert re.fullmatch(
        rf"call\.result +somedomain\.com +callback_ordered +{event.id}  published  4 ms\n", rest
    )


def test_terminal_without_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an event does not have is a dash."""
    entry = {"status": "stored", **logs.of_event(event_of([]), "f" * 32)}
    line = written(monkeypatch, entry, terminal=True)
    assert ["unknown", "-", "-", "f" * 32, "stored", "0", "ms"] == line.split()[1:]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"severity": "ERROR", "message": "webhook: unavailable"}, "ERROR  webhook: unavailable"),
        ({"message": "recover: recovered"}, "INFO  recover: recovered"),
        ({}, "INFO  "),
    ],
)
def test_terminal_other_lines(entry: dict[str, Any], text: str) -> None:
    """All other lines are their severity and their message."""
    assert text == logs.readable(entry)[len("12:00:00  ") :]


@given(st.text())
@example("a\nb")
@example("\x1b[2J")
@example("\u2028")
def test_terminal_is_safe(site: str) -> None:
    """No site's name makes a second line or moves the terminal's cursor."""
    line = logs.readable({"event_id": "f" * 32, "status": "stored", "site": site})
    assert line.isprintable()


# of_event


def test_of_event() -> None:
    """A line tells of an event what an operator looks for."""
    event = event_of(HELP_PAGE, account="shop")
    assert {
        "event_id": "the stored one's",
        "type": "call.result",
        "account": "shop",
        "site": "somedomain.com",
        "call_state": "callback_ordered",
    } == logs.of_event(event, "the stored one's")


def test_of_event_nothing_personal() -> None:
    """A line has nothing of a visitor's, whatever field it stands in."""
    names = [name for name, _ in HELP_PAGE if name != "webhooktype"]
    fields = [(name, f"secret {name} " * 100) for name in [*names, "chat_text", "new_field"]]
    fields = [("chat_id", "secret"), ("message", "secret"), *fields]
    entry = logs.of_event(event_of(fields), "f" * 32)
    assert "secret" not in repr(entry)


@pytest.mark.parametrize(
    ("site", "logged"),
    [
        ("example.com", True),
        ("xn--e1afmkfd.xn--p1ai", True),
        ("пример.рф", True),
        ("localhost:8080", True),
        ("192.0.2.1:8080", True),
        ("a" * 96 + ".com", True),
        ("a" * 97 + ".com", False),
        ("a79000000000", False),
        ("example.79000000000", False),
        ("79000000000", False),
        ("Иван 79000000000", False),
        ("https://example.com/?phone=79000000000", False),
        ("who@example.com", False),
        ("example.com\n", False),
    ],
)
def test_site(site: str, logged: bool) -> None:
    """Of the site a line tells a host alone, with its port."""
    entry = logs.of_event(event_of([("site", site)]), "f" * 32)
    assert (site if logged else None) == entry["site"]


# of_trace


@pytest.mark.parametrize(
    ("headers", "trace", "span", "sampled"),
    [
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE, "00f067aa0ba902b7", True),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-00"}, TRACE, "00f067aa0ba902b7", False),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-03"}, TRACE, "00f067aa0ba902b7", True),
        ({"traceparent": f"01-{TRACE}-00f067aa0ba902b7-01-x"}, TRACE, "00f067aa0ba902b7", True),
        ({"x-cloud-trace-context": f"{TRACE}/74;o=1"}, TRACE, "000000000000004a", True),
        ({"x-cloud-trace-context": f"{TRACE}/74;o=0"}, TRACE, "000000000000004a", False),
        ({"x-cloud-trace-context": f"{TRACE}/74"}, TRACE, "000000000000004a", False),
        ({"x-cloud-trace-context": f"{TRACE}/{2**64 - 1};o=1"}, TRACE, "f" * 16, True),
        (
            {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "x-cloud-trace-context": f"{TRACE}/1"},
            "1" * 32,
            "2" * 16,
            True,
        ),
        (
            {"traceparent": "nonsense", "x-cloud-trace-context": f"{TRACE}/1;o=1"},
            TRACE,
            "0" * 15 + "1",
            True,
        ),
    ],
)
def test_trace(headers: dict[str, str], trace: str, span: str, sampled: bool) -> None:
    """The trace comes from `traceparent`, or else from Google's own header."""
    assert {
        PREFIX + "trace": f"projects/my-project/traces/{trace}",
        PREFIX + "spanId": span,
        PREFIX + "trace_sampled": sampled,
    } == logs.of_trace(headers, "my-project")


def test_trace_without_span() -> None:
    """Google's header may have no span; the trace alone ties the lines together."""
    assert {
        PREFIX + "trace": f"projects/my-project/traces/{TRACE}",
        PREFIX + "spanId": None,
        PREFIX + "trace_sampled": True,
    } == logs.of_trace({"x-cloud-trace-context": f"{TRACE};o=1"}, "my-project")


def test_trace_without_project() -> None:
    """Where the project's id is not known the trace's id is told alone."""
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert logs.of_trace(headers, "")[PREFIX + "trace"] == TRACE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": ""},
        {"traceparent": f"00-{TRACE.upper()}-00f067aa0ba902b7-01"},
        {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01\n"},
        {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01 {KEY}"},
        {"x-cloud-trace-context": f"{TRACE}/x"},
        {"x-cloud-trace-context": "/1"},
    ],
)
def test_no_trace(headers: dict[str, str]) -> None:
    """Headers that hold no trace add nothing to a line."""
    assert {} == logs.of_trace(headers, "my-project")


HEX = st.text("0123456789abcdef", min_size=16, max_size=32)
HEADER = st.text() | st.lists(HEX | st.sampled_from(["00", "-", "/", ";o=", "1", "\n"])).map(
    "".join
)


@given(HEADER, HEADER)
@example("", f"{TRACE}/{'9' * 20};o=1")
@example("", f"{TRACE}/\u0661;o=1")
def test_any_trace(traceparent: str, cloud: str) -> None:
    """Whatever the headers hold, a line gets well-formed ids or none."""
    entry = logs.of_trace({"traceparent": traceparent, "x-cloud-trace-context": cloud}, "p")
    if entry:
        assert re.fullmatch(r"projects/p/traces/[0-9a-f]{32}", entry[PREFIX + "trace"])
        assert re.fullmatch(r"[0-9a-f]{16}", entry[PREFIX + "spanId"] or "0" * 16)
        assert isinstance(entry[PREFIX + "trace_sampled"], bool)


# of_defect


def test_defect() -> None:
    """A defect is told by its class and where it was, never by its values."""

    def fail(value: str) -> None:
        raise ValueError(f"no {value}")

    with pytest.raises(ValueError, match="secret") as caught:
        fail("secret")
    entry = logs.of_defect(caught.value)
    assert entry["error"] == "ValueError"
    assert re.fullmatch(r".*test_logs\.py:\d+ fail", entry["stack"][-1])
    assert "secret" not in repr(entry)


def test_deep_defect() -> None:
    """The innermost places are told of a defect at the end of a long way."""

    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        raise RuntimeError

    with pytest.raises(RuntimeError) as caught:
        fail(50)
    assert 8 == len(logs.of_defect(caught.value)["stack"])


def test_an_event_without_an_outcome() -> None:
    """A line that names an event and tells no status is its message, for a person too."""
    text = "recover: event f cannot be published: its `raw` cannot be read"
    line = logs.readable({"severity": "ERROR", "message": text, "event_id": "f"})
    assert line.endswith(f"ERROR  {text}")


def test_a_line_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk or a closed pipe behind the log costs the line, not the answer."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    logs.write({"message": "lost"})


def test_a_line_that_cannot_be_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does output whose encoding has no such letters, or that is closed."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", output)
    logs.write({"site": "пример.рф"})
    output.close()
    logs.write({"site": "example.com"})
