"""What the tests share: invented keys, sample webhooks, and what becomes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from envybox import identity
from envybox.event import Event
from envybox.normalize import normalize
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
