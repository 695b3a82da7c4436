"""The webhooks that the benchmarks send: forms without any real person's data.

`SMALL` is the help page's example of a call's result. `FULL` has every known field filled,
three managers, nested custom data, four unknown fields and a transcript of ten entries.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote_plus

from envybox.webhook import Fields, Webhook

KEY = "0123456789abcdef0123456789abcdef"
WRONG_KEY = "f" * 32

SMALL: Fields = [
    ("webhooktype", "1"),
    ("phone", "79000000000"),
    ("name", ""),
    ("email", ""),
    ("call_state", "Заказ звонка"),
    ("call_duration", "0"),
    ("call_record", "http://records.example.com/user/calls/6002540/play/8a/"),
    ("called_at", ""),
    ("referrer", "search.example.com"),
    ("keyword", ""),
    ("ip", "192.0.2.159"),
    ("place", "Краснодар, Краснодарский край"),
    ("site", "example.com"),
    ("url", "https://example.com/stavropol/"),
    ("shown_on", "Нажал на кнопку"),
    ("utm_source", ""),
    ("utm_medium", ""),
    ("utm_campaign", ""),
    ("utm_content", ""),
    ("utm_term", ""),
    ("visitor_id", "662654972"),
    ("google_client_id", "1069378275.1516340609"),
    ("rs", ""),
    ("roistat", ""),
    ("roistat_promo", ""),
    ("adv_uid", ""),
    ("calltracking_id", ""),
    ("manager_phone", ""),
    ("manager_name", ""),
    ("department", ""),
    ("lpgenerator_id", ""),
    ("leadvertex_id", ""),
    ("call_id", "6002540"),
    ("managers_phones", "[{«manager_name»:»»,»phone»:»79000000001″}]"),
    ("custom_data", "[]"),
]

_TRANSCRIPT = "\n".join(
    f"[{author}, 12.01.2024 в 18:3{minute}]\n Здравствуйте! &quot;Чем&quot; могу помочь?\n"
    for minute, author in enumerate(["Автоответ", "Менеджер"] * 5)
)
_MANAGERS = ",".join(f'{{"manager_name":"М","phone":"7900000000{n}"}}' for n in range(3))
_FILLED = {
    "name": "Посетитель",
    "email": "visitor@example.com",
    "call_state": "Заказ звонка на 01.01.2021 в 0:00:00",
    "call_duration": "75",
    "called_at": "2021-03-02 10:36:14",
    "created_at": "2024-01-12 18:37:41",
    "message": "Здравствуйте! &quot;Сколько&quot; стоит?",
    "chat_id": "8100200300",
    "chat_text": _TRANSCRIPT,
    "link": "http://chat.example.com/chat/show/-AbC",
    "manager_phone": "8 (900) 000-00-04",
    "manager_name": "М",
    "managers_phones": f"[{_MANAGERS}]",
    "custom_data": '{"order":{"id":1,"items":[1,2,{"sku":"x"}]},"vip":true}',
    "yandex_client_id": "1234567890123456789",
    "yclid": "12345678901234567",
}
FULL: Fields = [
    *((name, _FILLED.get(name) or value or "значение") for name, value in SMALL),
    *((name, value) for name, value in _FILLED.items() if name not in dict(SMALL)),
    *((f"extra_{n}", "значение") for n in range(4)),
]

UNIQUE = "@" * 20
"""Where a body has this, the load client writes a number that no other request has."""


def form(fields: Fields, key: str = KEY, *, unique: str = UNIQUE) -> bytes:
    """Return a body; its field `call_id` is made unique, so no request is a repeat."""
    fields = [(name, unique if name == "call_id" else value) for name, value in fields]
    pairs = [*fields, ("key", key)]
    return "&".join(f"{name}={quote_plus(value, safe='@')}" for name, value in pairs).encode()


def webhook(fields: Fields) -> Webhook:
    """Return the fields as the receiver has them once the key is verified."""
    return Webhook(account="default", received_at=datetime.now(UTC), fields=fields)
