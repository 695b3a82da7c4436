from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from envybox.normalize import normalize
from envybox.tools import samples
from envybox.types import TYPES, UNKNOWN
from envybox.webhook import Webhook
from tests.normalize.support import HELP_PAGE

EXAMPLE, *SAMPLES = samples.load()


def test_example() -> None:
    """The first sample is the help page's example, all of it."""
    assert EXAMPLE.items() >= dict(HELP_PAGE).items()


def test_each_type() -> None:
    """There is one sample of each type, and each becomes an event without a warning."""
    events = [
        normalize(
            Webhook(account="a", received_at=datetime.now(UTC), fields=list(fields.items())),
            "0" * 32,
            zone=ZoneInfo("Europe/Moscow"),
            region="RU",
        )
        for fields in SAMPLES
    ]
    assert [row.type for row in TYPES if row.type != UNKNOWN] == [event.type for event in events]
    assert [[]] * len(events) == [event.warnings for event in events]
    assert [{}] * len(events) == [event.extra for event in events]


def test_nobody_real() -> None:
    """The invented samples name reserved domains, addresses and numbers alone, and no key."""
    text = str(SAMPLES)
    assert set() == set(re.findall(r"[\w-]+\.(?:com|ru|org|net)\b", text)) - {
        "example.com",
        "example.org",
        "yandex.ru",  # where a visitor comes from
    }
    assert all(number.startswith("790000000") for number in re.findall(r"\b79\d{9}\b", text))
    assert {"192.0.2.10"} == {fields["ip"] for fields in SAMPLES}
    assert all("key" not in fields for fields in (EXAMPLE, *SAMPLES))
