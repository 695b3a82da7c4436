"""Admission: a webhook gets into the store, as a new event or as one that is there."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import NamedTuple

import msgspec

from envybox.errors import Unavailable
from envybox.event import Event
from envybox.ports.store import Record, Store, Stored
from envybox.receiver import identity
from envybox.receiver.deadline import Deadline
from envybox.receiver.normalize import normalize
from envybox.settings import Settings
from envybox.types import topic_of
from envybox.webhook import Webhook, decode_raw, encode_raw


class Arrival(NamedTuple):
    """A webhook, and the event that it is where it is the first of its kind."""

    webhook: Webhook
    event: Event


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is in the store. `unpublished` is None where it was published before.

    `is_own`: it was there already, and is this very webhook: an earlier try to store it took
    effect, though nobody was told so.
    """

    id: str
    is_new: bool
    unpublished: Event | None
    is_own: bool = False


class Admission:
    """Brings webhooks into the store, each once."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def arrival(self, webhook: Webhook) -> Arrival:
        """Return a webhook with its event, made as for the first of its kind."""
        return Arrival(webhook, self._normalize(webhook, identity.first_id(webhook)))

    async def admit(self, arrival: Arrival, deadline: Deadline) -> Admitted:
        """Store the event of a webhook, unless it is there; see `identity` for what is.

        Raises `BackendError`. To try again does no harm, be it stored by then or not.
        """
        webhook, event = arrival
        first = event.id
        if await self._create(arrival, deadline):
            return Admitted(id=first, is_new=True, unpublished=event)
        stored = await self._get(first, deadline)
        if identity.is_for_ever(webhook) or (stored and self.is_same(webhook, stored.received_at)):
            return self._repeat(webhook, stored)
        window = self._settings.dedup_window
        current, *neighbours = identity.window_ids(first, webhook, window)
        for stored in await asyncio.gather(*(self._get(id_, deadline) for id_ in neighbours)):
            if stored and identity.is_within(window, webhook, stored.received_at):
                return self._repeat(webhook, stored)
        event = msgspec.structs.replace(event, id=current)
        if await self._create(Arrival(webhook, event), deadline):
            return Admitted(id=current, is_new=True, unpublished=event)
        return self._repeat(webhook, await self._get(current, deadline))

    def is_same(self, webhook: Webhook, received_at: datetime) -> bool:
        """Whether a webhook is the same event as one with its fields, received at a time."""
        window = self._settings.dedup_window
        return identity.is_for_ever(webhook) or identity.is_within(window, webhook, received_at)

    def event_of(self, stored: Stored) -> Event:
        """Return the event of what is in the store, made from `raw` as the first time."""
        webhook = Webhook(
            account=stored.account, received_at=stored.received_at, fields=decode_raw(stored.raw)
        )
        return self._normalize(webhook, stored.id)

    async def _create(self, arrival: Arrival, deadline: Deadline) -> bool:
        record = Record(
            event=arrival.event,
            raw=encode_raw(arrival.webhook.fields),
            topic=topic_of(self._settings.topic_prefix, arrival.event.type),
        )
        return await self._store.create(record, timeout=deadline.left())

    async def _get(self, event_id: str, deadline: Deadline) -> Stored | None:
        return await self._store.get(event_id, timeout=deadline.left())

    def _repeat(self, webhook: Webhook, stored: Stored | None) -> Admitted:
        if stored is None:
            raise Unavailable("ABORTED")  # it was deleted between two calls
        unpublished = None if stored.published else self.event_of(stored)
        # No two webhooks with the same fields come in the same microsecond.
        is_own = stored.received_at == webhook.received_at
        return Admitted(id=stored.id, is_new=False, unpublished=unpublished, is_own=is_own)

    def _normalize(self, webhook: Webhook, event_id: str) -> Event:
        settings = self._settings
        return normalize(webhook, event_id, zone=settings.timezone, region=settings.phone_region)
