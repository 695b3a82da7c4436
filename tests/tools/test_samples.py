from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from envybox.receiver.normalize import normalize
from envybox.tools import samples
from envybox.types import TYPES, UNKNOWN
from envybox.webhook import Webhook

EXAMPLE, *SAMPLES = samples.load()

# As the vendor's help page prints it, decoded; the key is left out.
HELP_PAGE = (
    "webhooktype=1&phone=79998887766&name=&email=&call_state=Заказ звонка&call_duration=0"
    "&call_record=http://ru.callbackkiller.com/user/calls/6002540/play/8a/&called_at="
    "&referrer=google.ru&keyword=&ip=62.183.126.159&place=Краснодар, Краснодарский край"
    "&site=somedomain.com&url=https://somedomain.com/stavropol/&shown_on=Нажал на кнопку"
    "&utm_source=&utm_medium=&utm_campaign=&utm_content=&utm_term=&visitor_id=662654972"
    "&google_client_id=1069378275.1516340609&rs=&roistat_promo=&adv_uid=&calltracking_id="
    "&manager_phone=&manager_name=&department=&lpgenerator_id=&leadvertex_id=&call_id=6002540"
    "&managers_phones=[{«manager_name»:»»,»phone»:»79999999999″}]&custom_data=[]&roistat="
)


def test_example() -> None:
    """The first sample is the help page's example, all of it."""
    assert dict(parse_qsl(HELP_PAGE, keep_blank_values=True)) == EXAMPLE


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
