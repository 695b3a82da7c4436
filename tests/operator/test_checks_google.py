from __future__ import annotations

import pytest

from envybox.operator.checks_google import of_google
from envybox.operator.place import Place
from tests.operator.monitoring import Monitoring


def _found() -> dict[str, str]:
    return {check.name: f"{check.result} {check.text}" for check in of_google(Place({}))}


def test_all_is_well(monitoring: Monitoring) -> None:
    """A project whose TTL works, whose recover is called and whose spool is empty is well."""
    monitoring.field = {"ttlConfig": {"state": "ACTIVE"}}
    monitoring.figures = {
        ("envybox-recover", "request_count"): 13,
        ("envybox-spool", "num_undelivered_messages"): 0,
        ("envybox-spool-dead", "num_undelivered_messages"): 0,
    }
    found = _found()
    assert {"ok"} == {text.split()[0] for text in found.values()}
    assert "15 calls of envybox-recover" in found["scheduler"]
    database = "/v1/projects/my-project/databases/(default)"
    assert f"{database}/collectionGroups/events/fields/expire_at" in monitoring.asked


def test_what_is_amiss(monitoring: Monitoring) -> None:
    """No TTL, nobody who calls recover, what waits for long and what is dead are each told."""
    monitoring.figures = {
        ("envybox-spool", "num_undelivered_messages"): 3,
        ("envybox-spool", "oldest_unacked_message_age"): 601,
        ("envybox-spool-dead", "num_undelivered_messages"): 1,
    }
    found = _found()
    assert {"BAD"} == {text.split()[0] for text in found.values()}
    assert ("BAD 3, the oldest for 601 s", "BAD 1") == (found["spooled"], found["buried"])
    monitoring.figures["envybox-spool", "oldest_unacked_message_age"] = 600
    assert "ok 3" == _found()["spooled"]


def test_without_a_figure(monitoring: Monitoring) -> None:
    """That Monitoring knows nothing of the spool is not told as an empty one."""
    assert monitoring.figures == {}
    found = _found()
    assert {"note no figure of the last quarter of an hour"} == {found["spooled"], found["buried"]}


def test_a_ttl_that_is_on_its_way(monitoring: Monitoring) -> None:
    """A TTL that Firestore is still making is no fault."""
    monitoring.field = {"ttlConfig": {"state": "CREATING"}}
    assert "note on its way: CREATING" == _found()["ttl"]


@pytest.mark.parametrize(
    ("status", "says"), [(403, "roles/"), (500, "500 Server Error"), (404, "none: what")]
)
def test_what_cannot_be_asked(monitoring: Monitoring, status: int, says: str) -> None:
    """Where one may not ask, it is told what role may; a field that nobody set has no TTL."""
    monitoring.server.status = status
    assert says in _found()["ttl"]


@pytest.mark.parametrize(
    ("of", "metric", "name"),
    [
        ("envybox-spool", "num_undelivered_messages", "spooled"),
        ("envybox-recover", "request_count", "scheduler"),
    ],
)
def test_figures_that_are_none(monitoring: Monitoring, of: str, metric: str, name: str) -> None:
    """An answer of another form is told, not taken for a figure."""
    monitoring.figures = {(of, metric): "many"}  # type: ignore[dict-item] # not a number
    assert "note not known: Cloud Monitoring" in _found()[name]
