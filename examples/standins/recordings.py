"""Envybox's server of recordings: not there yet, moved, a login page, without an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from examples.standins.server import Reply, Request, StandIn

MP3 = b"ID3\x04" + bytes(4096)


class Recordings(StandIn):
    """`replies` has what each path answers; a list is answered one after another."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.replies: dict[str, Reply | list[Reply]] = {}

    def answer(self, request: Request) -> Reply:
        found = self.replies.get(request.path, Reply(404, b"not found"))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


def endless() -> Iterator[bytes]:
    """Return a body that does not end."""
    yield MP3
    while True:
        yield bytes(65536)
