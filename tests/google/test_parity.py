"""What the official clients send, ours send too, or a reason stands beside it."""

from __future__ import annotations

import copy

import pytest

from tests.google import parity
from tests.google.parity import NAMES, REASONS, Compared


@pytest.fixture(scope="module")
def calls() -> dict[str, Compared]:
    """Every call, of both clients."""
    return {one.name: one for one in parity.compared()}


@pytest.mark.parametrize("name", NAMES)
def test_path(calls: dict[str, Compared], name: str) -> None:
    """Both call the same method."""
    assert calls[name].official.path == calls[name].ours.path


@pytest.mark.parametrize("name", NAMES)
def test_headers(calls: dict[str, Compared], name: str) -> None:
    """Each header of the official client's is ours too, or its absence has a reason."""
    assert [] == parity.unexplained(calls[name])


@pytest.mark.parametrize("name", NAMES)
def test_request(calls: dict[str, Compared], name: str) -> None:
    """Both send the same message, the order of what has none aside."""
    ours, official = map(copy.deepcopy, (calls[name].ours.request, calls[name].official.request))
    if name in ("create", "mark"):
        for request in (ours, official):
            request.writes[0].update_mask.field_paths.sort()
    if name == "count":
        counted = ours.structured_aggregation_query
        counted.aggregations[0].count.ClearField("up_to")  # the page says why it is there
        (only,) = counted.structured_query.where.composite_filter.filters
        counted.structured_query.where.CopyFrom(only)  # all of one filter is that filter
    assert official == ours


def test_reasons(calls: dict[str, Compared]) -> None:
    """No reason has outlived its difference."""
    differing = {(one.api, name) for one in calls.values() for name in parity.differing(one)}
    assert {*REASONS} == differing


def test_a_header_that_is_new(calls: dict[str, Compared]) -> None:
    """What a new release of a library begins to send is told."""
    one = calls["create"]
    newer = one.official._replace(headers={**one.official.headers, "x-goog-new": "1"})
    assert ["x-goog-new"] == parity.unexplained(one._replace(official=newer))
