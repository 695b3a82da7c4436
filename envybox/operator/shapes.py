"""Which query of Firestore's answers which filters, and which indexes that takes.

Firestore serves equalities with an order by merging one index for each of the fields, so
there is one composite index a listed field, not one a combination. Few events share a
selective field: these are read by the field's own index and sorted here. What a query cannot
ask for is looked at here too. Source: https://firebase.google.com/docs/firestore/query-data/index-overview
"""

from __future__ import annotations

from typing import Any

import msgspec

from envybox.ports.lookup import Filters

LISTED = {
    "type": "type",
    "site": "page.site",
    "state": "call.state",
    "account": "account",
}
"""Filters that have a composite index with the time of receipt, and their fields."""

SELECTIVE = {
    "call": ("call.id",),
    "chat": ("chat.id",),
    "visitor": ("visitor.id",),
    "email": ("visitor.email",),
    "phone": ("visitor.phone", "visitor.phone_text"),
}
"""Filters that few events share, the fewest first, and the fields that may have the value."""

RECEIVED = "received_at"
PENDING = "publish.state"
ASCENDING, DESCENDING = "ASCENDING", "DESCENDING"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A query: fields that equal a value, then the order.

    A shape with `any_of` is several queries, one for each of these fields, and no order: all
    that they find is read. `ranged`: whether the time of receipt is bounded. `complete`: the
    query asks for all that the filters do.
    """

    equal: tuple[tuple[str, Any], ...] = ()
    any_of: tuple[str, ...] = ()
    value: str = ""
    direction: str = DESCENDING
    ranged: bool = False
    complete: bool = True

    @property
    def composites(self) -> set[tuple[str, str]]:
        """The composite indexes it takes: a field and the direction of the time of receipt."""
        return {(field, self.direction) for field, _ in self.equal}

    @property
    def by_time(self) -> bool:
        """Whether it takes an index that the setting `index_times = false` leaves out."""
        return not self.any_of and self.direction == DESCENDING


def shape_of(filters: Filters) -> Shape:
    """Return the query that reads the fewest documents which the filters ask for."""
    given = {
        name for name in filters.__struct_fields__ if getattr(filters, name) not in (None, False)
    }
    times = given & {"since", "until"}
    for name, fields in SELECTIVE.items():
        if name in given:
            return Shape(any_of=fields, value=getattr(filters, name), complete=given == {name})
    if "pending" in given:
        return Shape(
            equal=((PENDING, "pending"),),
            direction=ASCENDING,
            ranged=bool(times),
            complete=given == {"pending"} | times,
        )
    listed = [name for name in LISTED if name in given]
    return Shape(
        equal=tuple((LISTED[name], getattr(filters, name)) for name in listed),
        ranged=bool(times),
        complete=given == {*listed} | times,
    )
