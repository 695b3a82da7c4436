"""Webhooks as the vendor documents and sends them, with invented visitors."""

from __future__ import annotations

import itertools

# The help page's example; what comes of it is `HELP_PAGE_EVENT`.
HELP_PAGE = {
    "webhooktype": "1",
    "phone": "79998887766",
    "name": "",
    "email": "",
    "call_state": "Заказ звонка",
    "call_duration": "0",
    "call_record": "http://ru.callbackkiller.com/user/calls/6002540/play/8a/",
    "called_at": "",
    "referrer": "google.ru",
    "keyword": "",
    "ip": "62.183.126.159",
    "place": "Краснодар, Краснодарский край",
    "site": "somedomain.com",
    "url": "https://somedomain.com/stavropol/",
    "shown_on": "Нажал на кнопку",
    "utm_source": "",
    "utm_medium": "",
    "utm_campaign": "",
    "utm_content": "",
    "utm_term": "",
    "visitor_id": "662654972",
    "google_client_id": "1069378275.1516340609",
    "rs": "",
    "roistat": "",
    "roistat_promo": "",
    "adv_uid": "",
    "calltracking_id": "",
    "manager_phone": "",
    "manager_name": "",
    "department": "",
    "lpgenerator_id": "",
    "leadvertex_id": "",
    "call_id": "6002540",
    "managers_phones": "[{«manager_name»:»»,»phone»:»79999999999″}]",
    "custom_data": "[]",
}

HELP_PAGE_EVENT = {
    "schema_version": 1,
    "type": "call.result",
    "webhooktype": 1,
    "account": "shop",
    "occurred_at": None,
    "visitor": {
        "id": "662654972",
        "name": None,
        "phone": "+79998887766",
        "phone_text": "79998887766",
        "email": None,
        "ip": "62.183.126.159",
        "place": "Краснодар, Краснодарский край",
        "city": "Краснодар",
        "region": "Краснодарский край",
    },
    "call": {
        "id": "6002540",
        "state": "callback_ordered",
        "state_text": "Заказ звонка",
        "scheduled_at": None,
        "called_at": None,
        "duration_seconds": 0,
        "record_url": "http://ru.callbackkiller.com/user/calls/6002540/play/8a/",
    },
    "chat": None,
    "manager": {"name": None, "phone": None, "department": None},
    "managers": [{"name": None, "phone": "+79999999999"}],
    "page": {
        "site": "somedomain.com",
        "url": "https://somedomain.com/stavropol/",
        "referrer": "google.ru",
        "keyword": None,
        "shown_on": "Нажал на кнопку",
    },
    "utm": {"source": None, "medium": None, "campaign": None, "content": None, "term": None},
    "ids": {
        "google_client_id": "1069378275.1516340609",
        "yandex_client_id": None,
        "yclid": None,
        "rs": None,
        "roistat": None,
        "roistat_promo": None,
        "adv_uid": None,
        "calltracking_id": None,
        "lpgenerator_id": None,
        "leadvertex_id": None,
    },
    "custom_data": [],
    "extra": {},
    "warnings": [],
}

_numbers = itertools.count(1)


def new_call(**fields: str) -> dict[str, str]:
    """Return a webhook of a call that no other test sends."""
    return HELP_PAGE | {"call_id": f"9{next(_numbers)}"} | fields


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
