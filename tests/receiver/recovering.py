"""A recovery between backends that fail as they are told to."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from envybox.errors import Unavailable
from envybox.ports.backend import Backend
from envybox.ports.publish import Message
from envybox.receiver import spool
from envybox.receiver.admission import Admission
from envybox.receiver.deadline import Deadline
from envybox.receiver.outlet import Outlet
from envybox.receiver.recovery import Drained, Recovery, Report
from envybox.settings import Settings
from envybox.webhook import Webhook
from tests.fakes import FakePublisher, FakeStore
from tests.samples import HELP_PAGE, webhook_of

CALL_TOPIC, LEAD_TOPIC = "envybox-call-result", "envybox-lead-generator"
DOWN = [Unavailable("UNAVAILABLE")] * 1000


class World:
    """Recovery between a store and a publisher that do as they are told."""

    def __init__(self, settings: Settings) -> None:
        self.store = FakeStore()
        self.publisher = FakePublisher()
        self.admission = Admission(settings, self.store)
        self.outlet = Outlet(settings, Backend(self.store, self.publisher))
        self.settings = settings
        self.restart()

    def restart(self) -> None:
        """Go on as a new process."""
        self.recovery = Recovery(self.settings, self.store, self.admission, self.outlet)

    def leave_pending(self, count: int, *, number: str = "1", age: float = 3600) -> None:
        """Store webhooks of a type that were never published, a second apart."""

        async def store() -> None:
            for index in range(count):
                at = datetime.now(UTC) - timedelta(seconds=age) + timedelta(seconds=index)
                fields = [("webhooktype", number), ("call_id", f"{number}-{index}-{age}")]
                webhook = webhook_of(fields, received_at=at)
                admitted = await self.admission.admit(self.admission.arrival(webhook), Deadline(1))
                assert admitted.is_new

        asyncio.run(store())

    def run(self, **kwargs: Any) -> Report:
        """Run recovery."""
        return asyncio.run(self.recovery.run(**kwargs))

    def drain(self, message: Message) -> Drained:
        """Drain a spool message."""
        return asyncio.run(self.recovery.drain(message))


def published(world: World, topic: str) -> list[str]:
    """Return the ids that a topic was sent, in order."""
    return [json.loads(message.data)["id"] for message in world.publisher.messages[topic]]


def spooled(age: float = 10, fields: Any = HELP_PAGE) -> tuple[Webhook, Message]:
    """Return a webhook that came so many seconds ago, and its message in the spool."""
    webhook = webhook_of(fields, received_at=datetime.now(UTC) - timedelta(seconds=age))
    return webhook, spool.encode(webhook)
