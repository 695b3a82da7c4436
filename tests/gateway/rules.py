"""The table of rules, and their order: Google looks at the caller before the content."""

from __future__ import annotations

from tests.gateway import access, documents, messages, queries, roles, writes
from tests.gateway.call import Rule

FIRESTORE: tuple[Rule, ...] = (
    access.AUTHENTICATED,
    *access.FIRESTORE,
    roles.PERMITTED,
    *writes.RULES,
    *documents.RULES,
    *queries.RULES,
)
PUBSUB: tuple[Rule, ...] = (
    access.AUTHENTICATED,
    *access.PUBSUB,
    roles.PERMITTED,
    *messages.RULES,
)
