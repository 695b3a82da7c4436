"""A flow between backends that fail as they are told to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from envybox.errors import Unavailable
from envybox.ports.backend import Backend
from envybox.receiver import deadline
from envybox.receiver.admission import Admission
from envybox.receiver.deadline import Deadline
from envybox.receiver.flow import Flow, Outcome
from envybox.receiver.outlet import Outlet
from envybox.settings import Settings
from envybox.webhook import Webhook
from tests.fakes import FakePublisher, FakeStore
from tests.samples import HELP_PAGE, NOON, webhook_of

CALL = webhook_of(HELP_PAGE)
LEAD = webhook_of([("webhooktype", "4"), ("phone", "79000000000")])
CALL_TOPIC, LEAD_TOPIC, SPOOL = "envybox-call-result", "envybox-lead-generator", "envybox-spool"
DOWN = [Unavailable("UNAVAILABLE")] * 100


class World:
    """A flow between a store and a publisher that do as they are told."""

    def __init__(self, settings: Settings) -> None:
        self.store = FakeStore()
        self.publisher = FakePublisher()
        outlet = Outlet(settings, Backend(self.store, self.publisher))
        self.flow = Flow(Admission(settings, self.store), outlet)
        self.seconds = deadline.TOTAL_SECONDS

    async def receive(self, webhook: Webhook) -> Outcome:
        """Receive a webhook within `seconds`."""
        return await self.flow.receive(webhook, Deadline(self.seconds))

    def run(self, *webhooks: Webhook) -> list[Outcome | BaseException]:
        """Receive webhooks one after the other, and let the marks arrive."""

        async def run() -> list[Outcome | BaseException]:
            outcomes: list[Outcome | BaseException] = []
            for webhook in webhooks:
                outcomes += await asyncio.gather(self.receive(webhook), return_exceptions=True)
                await settle()
            return outcomes

        return asyncio.run(run())

    def statuses(self, *webhooks: Webhook) -> list[str]:
        """Receive webhooks one after the other, and return how each ended."""
        return [
            outcome.status if isinstance(outcome, Outcome) else type(outcome).__name__
            for outcome in self.run(*webhooks)
        ]


async def settle() -> None:
    """Let what waits for nothing come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


def later(webhook: Webhook, **delta: float) -> Webhook:
    """Return the same webhook, received so much later."""
    return webhook_of(webhook.fields, received_at=NOON + timedelta(**delta))
