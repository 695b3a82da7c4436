"""Which queries the indexes serve, of those that Terraform makes.

A single field is indexed by itself unless it is exempt; several need a composite index, or
several that end alike (index merging).
https://firebase.google.com/docs/firestore/query-data/indexing
"""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment

_EQUAL = 5
_DIRECTIONS = {0: "ASCENDING", 1: "ASCENDING", 2: "DESCENDING"}
_OPPOSITE = {"ASCENDING": "DESCENDING", "DESCENDING": "ASCENDING"}

Order = tuple[tuple[str, str], ...]


class Shape(NamedTuple):
    """A query as indexes see it: fields that equal something, then the order of the others."""

    equal: frozenset[str]
    order: Order

    @property
    def fields(self) -> set[str]:
        """All its fields."""
        return {*self.equal, *(path for path, _ in self.order)}


def shape_of(query: Any) -> Shape:
    """Return the shape of a StructuredQuery."""
    filters = _filters(query.where)
    equal = {one.field.field_path for one in filters if one.op == _EQUAL}
    order = [
        (one.field.field_path, _DIRECTIONS[one.direction])
        for one in query.order_by
        if one.field.field_path != "__name__"
    ]
    ordered = {path for path, _ in order}
    order += [
        (path, "ASCENDING")
        for path in dict.fromkeys(one.field.field_path for one in filters if one.op != _EQUAL)
        if path not in ordered
    ]
    return Shape(frozenset(equal), tuple(one for one in order if one[0] not in equal))


def _filters(where: Any) -> list[Any]:
    kind = where.WhichOneof("filter_type")
    if kind == "composite_filter":
        return [below for one in where.composite_filter.filters for below in _filters(one)]
    return [where.field_filter] if kind == "field_filter" else []


def is_served(shape: Shape, deployment: Deployment) -> bool:
    """Whether the indexes of a deployment serve a query of this shape."""
    if not shape.order or (not shape.equal and len(shape.order) == 1):
        return not any(map(deployment.is_unindexed, shape.fields))
    backwards = tuple((path, _OPPOSITE[direction]) for path, direction in shape.order)
    return any(_serves(shape.equal, order, deployment) for order in (shape.order, backwards))


def _serves(equal: frozenset[str], order: Order, deployment: Deployment) -> bool:
    served: set[str] = set()
    for index in deployment.indexes:
        head, tail = index[: -len(order)], index[-len(order) :]
        fields = {path for path, _ in head}
        if tail == order and fields <= equal:
            served |= fields
            if served == equal:
                return True
    return False


def _indexed(call: Call, deployment: Deployment) -> str | None:
    if call.method not in ("RunQuery", "RunAggregationQuery"):
        return None
    query = call.request
    if call.method == "RunAggregationQuery":
        query = query.structured_aggregation_query
    if is_served(shape_of(query.structured_query), deployment):
        return None
    project = call.database.split("/")[1]
    return (
        "The query requires an index. You can create it here: "
        f"https://console.firebase.google.com/v1/r/project/{project}/firestore/indexes"
    )


RULES = (
    Rule(
        "A query is served by an index that Terraform makes, and needs none that it exempts",
        grpc.StatusCode.FAILED_PRECONDITION,
        "https://github.com/firebase/firebase-tools/issues/2027",
        _indexed,
    ),
)
