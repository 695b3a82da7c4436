"""Your own function: copy this folder, say what it does, deploy it (README.md)."""

from __future__ import annotations

import os

from envybox import Event
from envybox.errors import Denied, Refused, Unavailable
from envybox.subscriber import api
from envybox.subscriber.function import configured, function, required
from envybox.subscriber.memory import memory

URL = configured(lambda environ: required(environ, "MINE_URL", "where leads are posted"))
MEMORY = memory("mine", os.environ)


@function
def main(event: Event) -> str:
    """Post a lead to an address, once."""
    with MEMORY.once(event) as turn:
        if turn.done:
            return "done before"
        answer = api.call("POST", URL, json={"id": event.id, "phone": event.visitor.phone})
        if answer.status == 429 or answer.status >= 500:
            raise Unavailable(f"answered {answer.status}")  # it comes again
        if answer.status in (401, 403, 404):
            raise Denied(f"answered {answer.status}")  # it waits for a person
        if answer.status >= 300:
            raise Refused(f"answered {answer.status}")  # it is gone, with an ERROR in the log
    return "posted"
