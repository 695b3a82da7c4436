from __future__ import annotations

from typing import Any

import pytest
from google.api_core.exceptions import NotFound

from envybox import FirestoreKeeper, Once, Unavailable


class NoDatabase:
    """A client of a database that is not there: whatever is asked, it is not found."""

    def collection(self, _name: str) -> NoDatabase:
        return self

    def document(self, _name: str) -> NoDatabase:
        return self

    def create(self, *_: Any, **__: Any) -> None:
        raise NotFound("the database does not exist")

    get = create


def test_a_database_that_is_not_there() -> None:
    """Where the keeper's database is missing nothing is done, and the message comes again."""
    with (
        pytest.raises(Unavailable, match="database"),
        Once(FirestoreKeeper(NoDatabase()), name="x")("k"),
    ):
        pytest.fail("it has no turn")
