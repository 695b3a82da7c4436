from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of, type_of

TABLE = {
    7: ("call.started", "envybox-call-started"),
    2: ("call.info", "envybox-call-info"),
    1: ("call.result", "envybox-call-result"),
    10: ("chat.manager", "envybox-chat-manager"),
    8: ("chat.offline", "envybox-chat-offline"),
    12: ("chat.online", "envybox-chat-online"),
    4: ("lead.generator", "envybox-lead-generator"),
    19: ("lead.quiz", "envybox-lead-quiz"),
    31: ("lead.video", "envybox-lead-video"),
    None: ("unknown", "envybox-unknown"),
}


@pytest.mark.parametrize("number", TABLE)
def test_table(number: int | None) -> None:
    """Each documented webhooktype has its type and its topic."""
    type_ = type_of(number)
    assert TABLE[number] == (type_, topic_of("envybox-", type_))


def test_rows() -> None:
    """The table has these rows and no others, each with a title."""
    assert list(TABLE) == [row.webhooktype for row in TYPES if row.title]


@given(st.integers().filter(lambda number: number not in TABLE))
def test_new_numbers(number: int) -> None:
    """A number that nobody knows yet is of the type `unknown`."""
    assert type_of(number) == "unknown"


def test_own_topics() -> None:
    """The spool and its dead letters have topics of their own under the prefix."""
    assert ("my-spool", "my-spool-dead") == (spool_topic("my-"), dead_letter_topic("my-"))
