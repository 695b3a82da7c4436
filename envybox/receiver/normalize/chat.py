"""The chat, or the message of a form."""

from __future__ import annotations

from envybox.event import Chat
from envybox.receiver.normalize import transcript
from envybox.receiver.normalize.form import Form


def chat_of(form: Form) -> Chat | None:
    """Return the chat of a webhook, None where none of its fields is filled."""
    id_ = form.id("chat_id")
    link = form.html("link")
    message = form.html("message")
    text = form.text("chat_text")
    fields = (id_, link, message, text, form.time_text("created_at"))
    if fields.count(None) == len(fields):
        return None
    entries = [] if text is None else transcript.parse(text, form.zone)
    if any(entry.author is None and entry.at is None for entry in entries):
        form.warnings.add("chat_text", "not a transcript")
    return Chat(
        id=id_,
        link=link,
        message=message,
        created_at=form.time("created_at"),
        transcript=entries,
    )
