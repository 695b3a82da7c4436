"""Telegram's Bot API: messages that are sent and edited, and the limits of chats.

Source: https://core.telegram.org/bots/api (10.1) and https://core.telegram.org/bots/faq.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from examples.standins.server import Reply, Request, StandIn

LONGEST = 4096
BURST, A_SECOND = 5, 1.0
"""A chat takes a message a second, and lets a few more pass at once."""

GROUP_MESSAGES, GROUP_SECONDS = 20, 60
_TAGS = frozenset({"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"})
_ENTITY = re.compile(r"&(?!lt;|gt;|amp;|quot;|#[0-9]+;)")


class Telegram(StandIn):
    """`chats` has each chat's messages as they stand now, by their ids."""

    def __init__(self, token: str, **options: Any) -> None:
        super().__init__(**options)
        self.token = token
        self.chats: dict[int, dict[int, dict[str, Any]]] = {}
        self.migrated: dict[int, int] = {}
        self.blocked: set[int] = set()
        self.sent: list[tuple[int, float]] = []
        self._last_id = 0

    def answer(self, request: Request) -> Reply:
        _, bot, method = request.path.split("/", 2)
        if bot != f"bot{self.token}":
            return _error(401, "Unauthorized")
        if method == "getMe":
            return _result({"id": 1, "is_bot": True, "username": "standin_bot"})
        fields = request.json()
        chat = int(fields["chat_id"])
        if chat in self.migrated:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            return _error(400, text, migrate_to_chat_id=self.migrated[chat])
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was kicked from the supergroup chat")
        if problem := _check(fields.get("text", "")):
            return _error(400, f"Bad Request: {problem}")
        return self._edit(chat, fields) if method == "editMessageText" else self._send(chat, fields)

    def messages(self, chat: int) -> list[dict[str, Any]]:
        """Return a chat's messages, in the order in which they were sent."""
        return list(self.chats.get(chat, {}).values())

    def _send(self, chat: int, fields: dict[str, Any]) -> Reply:
        if wait := self._wait(chat):
            return _error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        self.sent.append((chat, self.clock()))
        self._last_id += 1
        self.chats.setdefault(chat, {})[self._last_id] = fields
        return _result({"message_id": self._last_id, "chat": {"id": chat}})

    def _edit(self, chat: int, fields: dict[str, Any]) -> Reply:
        message = self.chats.get(chat, {}).get(fields["message_id"])
        if message is None:
            return _error(400, "Bad Request: message to edit not found")
        new = {**message, "text": fields["text"], "reply_markup": fields.get("reply_markup")}
        if new == {"reply_markup": None, **message}:
            return _error(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        self.chats[chat][fields["message_id"]] = new
        return _result({"message_id": fields["message_id"], "chat": {"id": chat}})

    def _wait(self, chat: int) -> int:
        """Return the seconds to wait before the chat takes another message."""
        now = self.clock()
        times = [at for one, at in self.sent if one == chat]
        if chat < 0:
            recent = [at for at in times if now - at < GROUP_SECONDS]
            if len(recent) >= GROUP_MESSAGES:
                return int(recent[0] + GROUP_SECONDS - now) + 1
        recent = [at for at in times if now - at < BURST * A_SECOND]
        return int(A_SECOND) if len(recent) >= BURST else 0


def _check(text: str) -> str:
    """Return what is wrong with a text in HTML, or nothing."""
    if _ENTITY.search(text):
        return "can't parse entities: unsupported entity"
    parser = _Parser()
    parser.feed(text)
    if parser.problem or parser.open:
        return f"can't parse entities: {parser.problem or 'unclosed start tag'}"
    if not parser.shown.strip():
        return "message text is empty"
    return "message is too long" if len(parser.shown.encode("utf-16-le")) // 2 > LONGEST else ""


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problem = ""
        self.shown = ""

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in _TAGS:
            self.problem = f'unsupported start tag "{tag}"'

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problem = "unexpected end tag"

    def handle_data(self, data: str) -> None:
        self.shown += data


def shown(text: str) -> str:
    """Return a text in HTML as it is read."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser.shown


def _result(result: Any) -> Reply:
    return Reply(200, {"ok": True, "result": result})


def _error(code: int, description: str, **parameters: Any) -> Reply:
    error = {"ok": False, "error_code": code, "description": description}
    return Reply(code, {**error, "parameters": parameters} if parameters else error)
