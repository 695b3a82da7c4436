"""The page of docs/reliability.md that the suite writes, and what it says of the code."""

from __future__ import annotations

import re

import pytest

from docs.generate.reliability import PAGE, table
from envybox.google import credentials
from envybox.receiver import breaker, course, deadline, flow, recovery
from envybox.receiver.keys import ring
from tests.faults.promise import LONGEST_SECONDS

ROW = {
    "backend": "Pub/Sub",
    "fault": "hangs",
    "sent": 3,
    "acknowledged": 2,
    "stored": 2,
    "published": 2,
    "repeated": 1,
    "longest": 1.234,
}


def test_the_table_has_a_line_a_fault_and_the_totals() -> None:
    """Figures become lines of a table, Firestore's first."""
    lines = table([ROW, {**ROW, "backend": "Firestore"}]).splitlines()
    assert "| Firestore | hangs | 3 | 2 | 2 | 2 | 1 | 1.23 s |" == lines[2]
    assert "| Pub/Sub | hangs | 3 | 2 | 2 | 2 | 1 | 1.23 s |" == lines[3]
    assert "| **all** | 2 faults | **6** | **4** | **4** | **4** | **2** | **1.23 s** |" == lines[4]


def test_the_page_holds_figures_of_promises_kept() -> None:
    """The table is there, and in no line is less stored or published than was acknowledged."""
    page = PAGE.read_text("utf-8")
    rows = re.findall(
        r"^\| (?!\*\*)[^|]+ \| [^|]+" + r" \| (\d+)" * 5 + r" \| ([\d.]+) s \|$",
        page,
        re.MULTILINE,
    )
    assert len(rows) > 50
    for sent, acknowledged, stored, published, _, longest in rows:
        assert int(acknowledged) <= int(stored) == int(published) <= int(sent)
        assert float(longest) <= LONGEST_SECONDS


@pytest.mark.parametrize(
    ("what", "seconds"),
    [
        ("an answer, at most", LONGEST_SECONDS),
        ("the whole request, from its first byte on", deadline.TOTAL_SECONDS),
        (
            "its body (what comes more slowly is answered 408, and holds no place)",
            deadline.BODY_SECONDS,
        ),
        ("the database, in all its calls", deadline.STORE_SECONDS),
        ("a message, to subscribers or to the spool", deadline.PUBLISH_SECONDS),
        (
            (
                "waiting for the service account's credentials, at an instance's first request: a "
                "part of the call's own time, as is asking for the project's id"
            ),
            credentials.CREDENTIALS_SECONDS,
        ),
        ("reading the keys' file again", ring.WAIT_SECONDS),
        ("a mark, which nobody waits for", deadline.MARK_SECONDS),
    ],
)
def test_the_pages_time_limits_are_the_codes(what: str, seconds: float) -> None:
    """Each time limit stands in the page as it does in the code."""
    assert f"| {what} | {seconds:g} |" in PAGE.read_text("utf-8")


def test_the_pages_numbers_in_words_are_the_codes() -> None:
    """So do the numbers of the circuit breaker and of recovery."""
    assert (3, 1.0) == (breaker.FAILURES, breaker.RETRY_SECONDS)
    assert (50, 20, 40.0) == (recovery.PAGE, recovery.PARALLEL, recovery.RUN_SECONDS)
    assert (5.0, 20.0, 3.0) == (
        recovery.CALL_SECONDS,
        recovery.DRAIN_SECONDS,
        recovery.BACKLOG_SECONDS,
    )
    assert (5, 100, 40) == (course.TOPIC_FAILURES, course.TOPIC_REFUSALS, course.LOST_MARKS)
    assert (500, 600.0, 10) == (
        course.PASSED_BY,
        course.FULL_LOOK_SECONDS,
        course.LOOK_BACK.total_seconds() / 60,
    )
    assert 0.05 == flow.PAUSE_SECONDS
    page = PAGE.read_text("utf-8")
    for words in (
        "After three failures in a row",
        "Once a second one request tries it",
        "50 at a time and 20 in parallel",
        "takes nothing new after 40 seconds",
        "After five failures in a run",
        "it takes a hundred",
        "a call may take 5 seconds, and storing what was spooled 20",
        "end the run**, after forty in a row",
        "could not be counted in 3 seconds",
        "at most 500 events that it passes by",
        "begins ten minutes before the oldest",
        "every ten minutes, and at an instance's start",
        "tried again after 0.05 s, 0.1 s, 0.2 s",
    ):
        assert words in page
