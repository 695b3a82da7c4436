"""A call as the rules see it, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import grpc

from tests.gateway.deployment import Deployment


class Call(NamedTuple):
    """A call that has arrived: `request` is the parsed message, `size` its bytes.

    `account` is the service account's role (`webhook`) that the token is of, None where the
    token is of nobody or has ended.
    """

    method: str
    metadata: Mapping[str, str]
    request: Any
    size: int
    account: str | None

    @property
    def writes(self) -> Any:
        """The writes of a BatchWrite or a Commit; of other calls none."""
        return self.request.writes if self.method in ("BatchWrite", "Commit") else ()

    @property
    def database(self) -> str:
        """`projects/P/databases/D`, of a call of Firestore's."""
        request = self.request
        name = {
            "BatchWrite": lambda: request.database,
            "Commit": lambda: request.database,
            "BatchGetDocuments": lambda: request.database,
            "GetDocument": lambda: request.name,
            "RunQuery": lambda: request.parent,
            "ListCollectionIds": lambda: request.parent,
            "RunAggregationQuery": lambda: request.parent,
        }[self.method]()
        return "/".join(name.split("/")[:4])


class Rule(NamedTuple):
    """Something that Google refuses. `check` returns the message, None where it is kept.

    `source` is the page or the public issue that says so.
    """

    says: str
    status: grpc.StatusCode
    source: str
    check: Callable[[Call, Deployment], str | None]
