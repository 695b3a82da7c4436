"""Normalization: a webhook goes in, an event comes out, whatever text it holds.

All of it is pure, and it is total: text that cannot be read becomes None and a warning,
never an exception. What was received is kept beside the event, see `webhook.encode_raw`.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from envybox.event import Event, FieldWarning, Ids, Manager, Page, Utm, Visitor
from envybox.receiver.normalize.call import call_of
from envybox.receiver.normalize.chat import chat_of
from envybox.receiver.normalize.fields import gather
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.managers import managers_of
from envybox.receiver.normalize.plan import extra_of, read
from envybox.receiver.normalize.text import whole_number
from envybox.receiver.normalize.visitor import visitor_of
from envybox.receiver.normalize.warn import Warnings
from envybox.types import type_of
from envybox.webhook import Webhook

__all__ = ["NOT_NORMALIZED", "normalize"]

NOT_NORMALIZED = FieldWarning("", "could not be normalized")
"""The warning of an event that a defect in this package left bare. Worth an error in the log."""


def normalize(webhook: Webhook, event_id: str, *, zone: ZoneInfo, region: str) -> Event:
    """Return the event of a webhook. Never raises.

    `zone` is that of Envybox's times, which have no offset; `region` (`RU`) that of
    phone numbers without a country code.
    """
    try:
        return _normalize(webhook, event_id, zone, region)
    except Exception:  # noqa: BLE001 - a defect here must not cost a lead
        return _bare(webhook, event_id)


def _normalize(webhook: Webhook, event_id: str, zone: ZoneInfo, region: str) -> Event:
    warnings = Warnings(webhook.warnings)
    values = gather(webhook.fields, warnings)
    form = Form(values, warnings, zone, region)
    # Missing or new: the type `unknown` says so, a warning would add nothing.
    webhooktype = form.number("webhooktype")
    call = call_of(form)
    chat = chat_of(form)
    called_at = call.called_at if call else None
    created_at = chat.created_at if chat else None
    return Event(
        id=event_id,
        type=type_of(webhooktype),
        webhooktype=webhooktype,
        account=webhook.account,
        received_at=webhook.received_at,
        occurred_at=called_at or created_at,
        visitor=visitor_of(form),
        call=call,
        chat=chat,
        manager=Manager(**read(form, Manager)),
        managers=managers_of(form),
        page=Page(**read(form, Page)),
        utm=Utm(**read(form, Utm)),
        ids=Ids(**read(form, Ids)),
        custom_data=form.json("custom_data", otherwise=values.get("custom_data")),
        extra=extra_of(values),
        warnings=warnings.listed(),
    )


def _bare(webhook: Webhook, event_id: str) -> Event:
    """Return the event with nothing but its type: the fields are left to `raw`."""
    warnings = Warnings((*webhook.warnings, NOT_NORMALIZED))
    webhooktype = None
    for name, value in webhook.fields:
        if name == "webhooktype":
            try:
                webhooktype = whole_number(value)
            except ValueError:
                webhooktype = None
    return Event(
        id=event_id,
        type=type_of(webhooktype),
        webhooktype=webhooktype,
        account=webhook.account,
        received_at=webhook.received_at,
        occurred_at=None,
        visitor=Visitor(),
        call=None,
        chat=None,
        manager=Manager(),
        managers=[],
        page=Page(),
        utm=Utm(),
        ids=Ids(),
        custom_data=None,
        extra={},
        warnings=warnings.listed(),
    )
