"""The chat, or the message of a form."""

from __future__ import annotations

from envybox.event import Chat
from envybox.receiver.normalize import transcript
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.plan import is_nothing, read


def chat_of(form: Form) -> Chat | None:
    """Return the chat of a webhook, None where none of its fields is filled."""
    fields = read(form, Chat)
    text = form.text("chat_text")
    # What is filled and cannot be read counts too; an id or a time of nothing does not.
    if text is None and is_nothing(fields) and form.time_text("created_at") is None:
        return None
    if text is not None:
        entries = fields["transcript"] = transcript.parse(text, form.zone)
        if any(entry.author is None and entry.at is None for entry in entries):
            form.warnings.add("chat_text", "not a transcript")
    return Chat(**fields)
