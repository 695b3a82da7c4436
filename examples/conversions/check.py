"""Asks the services what they make of a conversion: nothing is counted, nothing is changed.

From the repository's root, with the settings in the environment:
`PYTHONPATH=. python examples/conversions/check.py`
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import msgspec

from envybox.errors import EnvyboxError
from envybox.event import Event, Ids, Manager, Page, Utm, Visitor
from envybox.subscriber.function import configured

from settings import load


def main() -> int:
    """Print what they say; return 1 where something is wrong."""
    settings = configured(load)
    wrong = 0
    try:
        if settings.ga4:
            for row in settings.rows:
                found = settings.ga4.check(_invented(), row, datetime.now(UTC))
                wrong += len(found)
                say(f"GA4, {row.goal}: {'; '.join(found) or 'valid'}")
            say("GA4 does not check the secret: look into Realtime for what is sent.")
        if settings.metrica:
            uploads = settings.metrica.uploads()
            say(f"Metrica: {len(uploads)} uploads")
            for one in uploads[:10]:
                wrong += one.get("status") == "LINKAGE_FAILURE"
                counts = (
                    f"{name.partition('_quantity')[0]} {number}"
                    for name, number in one.items()
                    if name.endswith("_quantity")
                )
                say(f"  {one.get('create_time')}  {one.get('status')}  {', '.join(counts)}")
    except EnvyboxError as error:
        say(str(error))
        wrong += 1
    return 1 if wrong else 0


def _invented() -> Event:
    return Event(
        id="0" * 32,
        type="call.result",
        webhooktype=1,
        account="check",
        received_at=datetime.now(UTC),
        occurred_at=None,
        visitor=Visitor(),
        call=None,
        chat=None,
        manager=Manager(),
        managers=[],
        page=Page(),
        utm=Utm(),
        ids=msgspec.structs.replace(Ids(), google_client_id="1000000001.1700000000"),
        custom_data=[],
        extra={},
        warnings=[],
    )


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
