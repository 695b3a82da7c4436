"""Webhooks as the vendor documents and sends them, with invented visitors."""

from __future__ import annotations

import itertools

from tests.samples import HELP_PAGE

_numbers = itertools.count(1)


def new_call(**fields: str) -> dict[str, str]:
    """Return a webhook of a call that no other test sends."""
    return dict(HELP_PAGE) | {"call_id": f"9{next(_numbers)}"} | fields


def new_lead(**fields: str) -> dict[str, str]:
    """Return a webhook of the lead generator that no other test sends: it has no call's id."""
    lead = {"webhooktype": "4", "phone": "79000000000", "site": "shop.example"}
    return lead | {"visitor_id": f"7{next(_numbers)}"} | fields


def new_chat(**fields: str) -> dict[str, str]:
    """Return a webhook at the end of a chat that no other test sends."""
    chat_text = (
        "[Автоответ, 12.01.2024 в 18:36]\n &quot;Здравствуйте!&quot;\n"
        "[Иван, 12.01.2024 в 18:37]\n Сколько стоит\n доставка?\n"
    )
    chat = {
        "webhooktype": "12",
        "created_at": "2024-01-12 18:37:41",
        "chat_text": chat_text,
        "link": "http://chat.ru.envybox.io/chat/show/-AbC",
        "message": "",
        "site": "shop.example",
    }
    return chat | {"chat_id": f"8{next(_numbers)}"} | fields
