"""Tells managers in Telegram: one message a call or chat, edited as it goes on; one a lead.

Settings: settings.py and README.md. What `function` answers to Pub/Sub, and so when an event
comes again, is told in envybox/subscriber/function.py.
"""

from __future__ import annotations

import os
from datetime import datetime

from envybox import CallStory, ChatStory, Event
from envybox.subscriber.function import configured, function
from envybox.subscriber.memory import memory

from bot import Bot
from message import Message, compose
from settings import Chat, is_quiet, load

SETTINGS = configured(load)
BOT = Bot(SETTINGS.token, url=SETTINGS.api, patience=SETTINGS.patience)
MEMORY = memory("telegram", os.environ)


@function
def main(event: Event) -> str:
    """Tell the event, or make what was told of its call or chat true again."""
    if event.type == "call.started":
        return "not told: a call's start is no news, and an edit of its message would be silent"
    with MEMORY.once.subject(event) as turn:  # events of one call take turns
        if turn.done:
            return "told before"
        # Those of the earlier events too: their message would else stay as it was.
        named = {*(turn.result or ()), *(chat.name for chat in SETTINGS.chats if chat.takes(event))}
        chats = [chat for chat in SETTINGS.chats if chat.name in named]
        message = _message(event)
        for chat in chats:
            _show(event, chat, message)
        turn.result = sorted(named)
    return f"told in {len(chats)} chats"


def _message(event: Event) -> Message:
    story: CallStory | ChatStory | None = None
    if (event.call and event.call.id) or (event.chat and event.chat.id):
        found = MEMORY.stories.of(event)  # all that is stored of it, in whatever order it came
        story = found if isinstance(found, CallStory | ChatStory) else None
    return compose(
        event,
        story,
        language=SETTINGS.language,
        zone=SETTINGS.zone,
        console=SETTINGS.console,
    )


def _show(event: Event, chat: Chat, message: Message) -> None:
    """Send the message, or edit the one that the chat has; send anew where it was deleted."""
    about_this = (event.call and event.call.id) or (event.chat and event.chat.id)
    key = f"{event.subject if about_this else event.key}@{chat.name}"
    silent = not message.loud or is_quiet(SETTINGS.quiet, datetime.now(SETTINGS.zone).time())
    while True:
        # A key of its own, so that a chat that fails does not make the one before it hear twice.
        with MEMORY.once(key) as turn:
            if not turn.done:
                turn.result = BOT.send(chat.id, message.fields, silent=silent, topic=chat.topic)
                return
        if BOT.edit(chat.id, turn.result, message.fields):
            return
        key = f"{key}/{turn.result}"
