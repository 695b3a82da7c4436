"""A backend: a store and a publisher, and how they are opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from envybox.ports.publish import Publisher
from envybox.ports.store import Store
from envybox.settings import Settings


class Backend(NamedTuple):
    """A store and a publisher.

    `is_one`: they are one and fail together, so that the spool, which is the publisher's, is
    no second place to be safe in.
    """

    store: Store
    publisher: Publisher
    is_one: bool = False

    async def close(self) -> None:
        """Let go of connections, threads and files."""
        await self.store.close()
        await self.publisher.close()


Open = Callable[[Settings], Backend]
"""What each backend has as `open_backend`. It connects to nothing, and raises `SettingsError`."""
