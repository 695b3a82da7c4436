"""What the tests share: invented keys, sample webhooks, and what becomes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from envybox.event import Event
from envybox.receiver import identity
from envybox.receiver.normalize import normalize
from envybox.webhook import Fields, Webhook

KEY = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
OTHER_KEY = "00112233445566778899aabbccddeeff"

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

_SAMPLES = Path(__file__).parents[1] / "envybox" / "tools" / "samples.json"

SAMPLES: dict[str, Fields] = {
    sample["title"]: list(sample["fields"].items())
    for sample in json.loads(_SAMPLES.read_text("utf-8"))
}
"""The samples that `make run` sends itself, one of each type, by title; without a key."""

HELP_PAGE = SAMPLES["the help page's example"]

HELP_PAGE_EVENT: dict[str, Any] = {
    "id": "",
    "schema_version": 1,
    "type": "call.result",
    "webhooktype": 1,
    "account": "default",
    "received_at": "",
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
"""What becomes of it, as JSON, in the order of the keys; `id` and `received_at` are to be set."""


def webhook_of(
    fields: Fields, *, account: str = "default", received_at: datetime = NOON
) -> Webhook:
    """Return a webhook with these fields."""
    return Webhook(account=account, received_at=received_at, fields=fields)


def event_of(fields: Fields, *, account: str = "default", received_at: datetime = NOON) -> Event:
    """Return the event of a webhook with these fields, in Moscow and Russia."""
    webhook = webhook_of(fields, account=account, received_at=received_at)
    zone = ZoneInfo("Europe/Moscow")
    return normalize(webhook, identity.first_id(webhook), zone=zone, region="RU")
