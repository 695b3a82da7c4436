"""The types' table: which webhooktype is which type of event, and its topic.

The table itself is `types.json`, which the Terraform configuration reads too. Source:
the vendor's help page.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

UNKNOWN = "unknown"


class EventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the table. `webhooktype` is None for the type of all other numbers."""

    webhooktype: int | None
    type: str
    title: str


TYPES: tuple[EventType, ...] = msgspec.json.decode(
    Path(__file__).with_name("types.json").read_bytes(), type=tuple[EventType, ...]
)
_BY_NUMBER = {row.webhooktype: row.type for row in TYPES}


def type_of(webhooktype: int | None) -> str:
    """Return the type of a webhooktype: `call.result` for 1, `unknown` for a new one."""
    return _BY_NUMBER.get(webhooktype, UNKNOWN)


def topic_of(prefix: str, type_: str) -> str:
    """Return the topic of a type: `envybox-` and `call.result` give `envybox-call-result`."""
    return prefix + type_.replace(".", "-")


def spool_topic(prefix: str) -> str:
    """Return the topic that takes webhooks while the database does not."""
    return prefix + "spool"


def dead_letter_topic(prefix: str) -> str:
    """Return the topic that keeps what was spooled and can never be taken."""
    return prefix + "spool-dead"
