"""Normalization: a webhook goes in, an event comes out, whatever text it holds.

All of it is pure, and it is total: text that cannot be read becomes None and a warning,
never an exception. What was received is kept beside the event, see `webhook.encode_raw`.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from envybox.event import Event, FieldWarning, Ids, Manager, Page, Utm, Visitor
from envybox.receiver.normalize.call import call_of
from envybox.receiver.normalize.chat import chat_of
from envybox.receiver.normalize.fields import extra_of, gather
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.managers import managers_of
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
        manager=Manager(
            name=form.text("manager_name"),
            phone=form.phone("manager_phone"),
            department=form.text("department"),
        ),
        managers=managers_of(form),
        page=Page(
            site=form.text("site"),
            url=form.text("url"),
            referrer=form.text("referrer"),
            keyword=form.text("keyword"),
            shown_on=form.text("shown_on"),
        ),
        utm=Utm(
            source=form.text("utm_source"),
            medium=form.text("utm_medium"),
            campaign=form.text("utm_campaign"),
            content=form.text("utm_content"),
            term=form.text("utm_term"),
        ),
        ids=Ids(
            google_client_id=form.text("google_client_id"),
            yandex_client_id=form.text("yandex_client_id"),
            yclid=form.text("yclid"),
            rs=form.text("rs"),
            roistat=form.text("roistat"),
            roistat_promo=form.text("roistat_promo"),
            adv_uid=form.text("adv_uid"),
            calltracking_id=form.text("calltracking_id"),
            lpgenerator_id=form.text("lpgenerator_id"),
            leadvertex_id=form.text("leadvertex_id"),
        ),
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
