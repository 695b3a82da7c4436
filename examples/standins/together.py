"""All services that the five functions speak to, and the functions' settings for them."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from examples.standins.amocrm import AmoCrm
from examples.standins.analytics import Ga4, Metrica
from examples.standins.bitrix24 import Bitrix24
from examples.standins.recordings import MP3, Recordings
from examples.standins.server import HTML, Fault, Reply
from examples.standins.storage import Storage
from examples.standins.telegram import Telegram

CHAT = -1001234567890
RECORDING = "/user/calls/9000001/play/8a/"


class Standins(NamedTuple):
    """The services."""

    telegram: Telegram
    bitrix24: Bitrix24
    amocrm: AmoCrm
    recordings: Recordings
    storage: Storage
    ga4: Ga4
    metrica: Metrica

    @classmethod
    def made(cls, **options: Any) -> Standins:
        """Return them, not started. `options`: of those that keep their limits by a clock."""
        return cls(
            telegram=Telegram("1:demo", **options),
            bitrix24=Bitrix24(**options),
            amocrm=AmoCrm("demo", **options),
            recordings=Recordings(),
            storage=Storage("recordings"),
            ga4=Ga4(),
            metrica=Metrica("demo", time.time),
        )

    def settings(self, console: str) -> dict[str, dict[str, str]]:
        """Return each function's settings, as its README tells them."""
        return {
            "telegram": {
                "TELEGRAM_TOKEN": self.telegram.token,
                "TELEGRAM_CHATS": str(CHAT),
                "TELEGRAM_CONSOLE_URL": console,
                "TELEGRAM_API": self.telegram.url,
            },
            "bitrix24": {"BITRIX24_WEBHOOK_URL": self.bitrix24.webhook},
            "amocrm": {"AMOCRM_DOMAIN": self.amocrm.url, "AMOCRM_TOKEN": self.amocrm.token},
            "recordings": {
                "RECORDINGS_BUCKET": self.storage.bucket,
                "RECORDINGS_HOSTS": self.recordings.url.removeprefix("http://"),
                "STORAGE_EMULATOR_HOST": self.storage.url,
            },
            "conversions": {
                "CONVERSIONS_CONSENT": "granted",
                "GA4_MEASUREMENT_ID": "G-DEMO",
                "GA4_API_SECRET": "demo",
                "GA4_API": self.ga4.url,
                "METRICA_COUNTER": "1",
                "METRICA_TOKEN": self.metrica.token,
                "METRICA_API": self.metrica.url,
            },
        }

    def go_wrong(self) -> None:
        """Order what goes wrong: each of it is borne."""
        busy = Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"})
        self.bitrix24.faults.append(Fault("crm.item.add.json", busy))
        self.amocrm.faults.append(Fault("/leads/unsorted/sip", None, effect=True))
        self.telegram.faults.append(Fault("sendMessage", Reply(502, HTML)))
        later = [Reply(404, b"not yet"), Reply(200, MP3)]
        self.recordings.replies[RECORDING] = later
