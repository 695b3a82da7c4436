"""An event in each shape in which it may come."""

from __future__ import annotations

import json
from typing import Any

from envybox.receiver import message
from envybox.testing import sample

EVENT = sample("call.info")
PUBLISHED = message.of_event(EVENT)
JSON: dict[str, Any] = json.loads(PUBLISHED.data)


class Snapshot:
    """As Firestore's client gives a document."""

    def __init__(self, document: dict[str, Any] | None) -> None:
        self._document = document

    def to_dict(self) -> dict[str, Any] | None:
        return self._document
