"""Telegram's Bot API: sends messages and edits them.

Source: https://core.telegram.org/bots/api. The token is in the URL, which is never logged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from envybox.errors import Denied, Refused, Unavailable
from envybox.subscriber import api
from envybox.subscriber.function import log


class Bot:
    """A bot. `patience`: up to how many seconds it waits where Telegram asks it to.

    Raises `Unavailable`, which a time-out is too: a message that was sent and not answered
    is sent again, since Telegram cannot be asked for it; `Denied` where the token or the
    chat is the trouble; `Refused` where the text is.
    """

    def __init__(self, token: str, *, url: str, patience: float) -> None:
        self._url = f"{url}/bot{token}"
        self._patience = patience
        self.sleep: Callable[[float], None] = time.sleep

    def send(self, chat: str, message: dict[str, Any], *, silent: bool, topic: int | None) -> int:
        """Send a message and return its id."""
        place = {"message_thread_id": topic} if topic else {}
        fields = {**message, **place, "disable_notification": silent}
        sent = self._call("sendMessage", chat, fields)
        return int(sent["message_id"])

    def edit(self, chat: str, message_id: int, message: dict[str, Any]) -> bool:
        """Make a message say this; return False where it is not there any more."""
        try:
            self._call("editMessageText", chat, {**message, "message_id": message_id})
        except Refused as error:
            if "not modified" in str(error):
                return True
            # Deleted, or too old, or left behind when its group became a supergroup.
            if "message to edit not found" in str(error) or "can't be edited" in str(error):
                return False
            raise
        return True

    def _call(self, method: str, chat: str, fields: dict[str, Any]) -> dict[str, Any]:
        patience = self._patience
        while True:
            sent = {**fields, "chat_id": chat}
            answer = api.call("POST", f"{self._url}/{method}", json=sent)
            content = answer.json() or {}
            if answer.status == 200 and content.get("ok"):
                result: dict[str, Any] = content["result"]
                return result
            parameters = content.get("parameters", {})
            if "migrate_to_chat_id" in parameters:
                log("WARNING", f"chat {chat} is now {parameters['migrate_to_chat_id']}: set that")
                chat = str(parameters["migrate_to_chat_id"])
                continue
            wait = parameters.get("retry_after", 0)
            if answer.status != 429 or not 0 < wait <= patience:
                raise _error(answer.status, str(content.get("description", "")))
            patience -= wait
            self.sleep(wait)


def _error(status: int, description: str) -> Exception:
    text = f"Telegram answered {status} {description}".rstrip()
    if status == 429 or status >= 500:
        return Unavailable(text)
    # 400 is the text's fault, save where the chat is not there.
    if (
        status == 400
        and "chat not found" not in description
        and "not enough rights" not in description
    ):
        return Refused(text)
    return Denied(text)
