"""What the tests of normalization share."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from envybox.event import Event, FieldWarning
from envybox.receiver.normalize import normalize
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.warn import Warnings
from envybox.webhook import Fields, Webhook

ID = "3f0c" * 8
MOSCOW = ZoneInfo("Europe/Moscow")
RECEIVED_AT = datetime(2026, 11, 22, 6, 46, 0, 123456, tzinfo=UTC)


def webhook_of(fields: Fields, *warnings: FieldWarning) -> Webhook:
    """Return a webhook with these fields."""
    return Webhook(account="default", received_at=RECEIVED_AT, fields=fields, warnings=warnings)


def event_of(fields: Fields) -> Event:
    """Return the event of these fields, in Moscow and Russia."""
    return normalize(webhook_of(fields), ID, zone=MOSCOW, region="RU")


def event_with(**fields: str) -> Event:
    """Return the event of a webhook with these fields, in Moscow and Russia."""
    return event_of(list(fields.items()))


def form_with(**fields: str) -> Form:
    """Return a form with these fields, in Moscow and Russia."""
    return Form(fields, Warnings(), MOSCOW, "RU")


def reasons(event: Event) -> list[tuple[str, str]]:
    """Return the warnings of an event as pairs."""
    return [(warning.field, warning.reason) for warning in event.warnings]


_FRAGMENTS = [
    *("[", "]", "[]", "{", "}", '"', ":", ",", "«", "»", "″", "null", "NaN", "1e400", "0", "-"),
    *(
        "\\ud800",
        '"\\udfff"',
        "\ud800",
        "\udfff",
        "\x00",
        "\n",
        "\r\n",
        " ",
        "&quot;",
        "&#",
        "9" * 25,
    ),
    *("79000000000", "+7", "8 (900)", "phone", "manager_name", "2021-03-02 10:36:14", "+03:00"),
    *("9999-12-31 23:59:59", "0001-01-01 00:00:00", "[Я, 12.01.2024 в 18:36]", "Заказ звонка на "),
    *("01.01.0001 в 0:00:00", "01.01.2021 0:00", "٣", "²", "ё", "\u2028"),
]
texts = st.one_of(
    st.text(st.characters()),  # lone surrogates and NUL included
    st.lists(st.sampled_from(_FRAGMENTS) | st.text(st.characters(), max_size=3)).map("".join),
)
"""Any text, and text that is nearly of some format."""
