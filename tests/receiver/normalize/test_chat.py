from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envybox.event import Chat, FieldWarning, TranscriptEntry
from envybox.receiver.normalize.chat import chat_of
from tests.receiver.normalize.support import form_with


def test_all_fields() -> None:
    """A chat has all that was sent of it, HTML unescaped."""
    chat = chat_of(
        form_with(
            chat_id="1",
            link="https://example.com/chat?a=1&amp;amp=2",
            message=" &quot;Да&quot; ",
            created_at="2024-01-12 18:37:41",
            chat_text="привет",
        )
    )

    assert (
        Chat(
            id="1",
            link="https://example.com/chat?a=1&amp=2",
            message=' "Да" ',
            created_at=datetime(2024, 1, 12, 15, 37, 41, tzinfo=UTC),
            transcript=[TranscriptEntry(text="привет")],
        )
        == chat
    )


@pytest.mark.parametrize("name", ["chat_id", "link", "message", "created_at", "chat_text"])
def test_one_field_makes_a_chat(name: str) -> None:
    """There is a chat where one of its fields is filled, and none where none is."""
    assert chat_of(form_with(**{name: "7"})) is not None
    assert chat_of(form_with(**{name: " "})) is None


def test_form_alone() -> None:
    """The message of a form is a chat without a transcript."""
    assert Chat(message="Перезвоните") == chat_of(form_with(message="Перезвоните"))


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("[Мария, 12.01.2024 в 18:36]\n Да", False),
        ("[ , 12.01.2024 в 18:36]\n Да", False),
        ("Да", True),
        ("чат\n[Мария, 12.01.2024 в 18:36]\n Да", True),
    ],
)
def test_no_transcript(text: str, warned: bool) -> None:
    """What does not parse of a transcript is warned of."""
    form = form_with(chat_text=text)
    chat_of(form)
    expected = [FieldWarning("chat_text", "not a transcript")] if warned else []
    assert expected == form.warnings.listed()
