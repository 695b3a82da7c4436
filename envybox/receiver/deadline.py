"""Time limits: what a request may take, and what each of its steps.

Envybox is answered within 3 seconds, from the request's beginning on. The longest ways are
the store's time and then the publisher's, or the other way round; what TOTAL_SECONDS leaves
is the server's.
"""

from __future__ import annotations

import time

TOTAL_SECONDS = 2.7

BODY_SECONDS = 1.5
"""For a body: what comes more slowly holds a place that others need."""

ENVELOPE_SECONDS = 20.0
"""The same for a push request of Pub/Sub, which nobody but Pub/Sub may send."""

STORE_SECONDS = 1.6
"""For the store, in all its calls. Its first ones have a connection to make, too."""

STORE_SHARE = STORE_SECONDS / TOTAL_SECONDS
"""The store's part of what is left, the rest being the spool's."""

PUBLISH_SECONDS = 1.0
"""For a message, be it to subscribers or to the spool."""

MARK_SECONDS = 2.0
"""For a mark, which nobody waits for."""


class Deadline:
    """A point in time by which all must be over."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def within(self, seconds: float) -> float:
        """Return `seconds`, or what is left until the deadline where that is less."""
        return min(seconds, self.left())

    def left(self) -> float:
        """Return the seconds that are left, a moment at least."""
        return max(0.001, self._at - time.monotonic())
