"""Each rule bites, and what just keeps it is passed on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.gateway.call import Rule
from tests.gateway.cases import CASES, OTHER, Case, batch, query
from tests.gateway.queries import is_served, shape_of
from tests.gateway.rules import FIRESTORE, PUBSUB
from tests.gateway.support import OWNER, PROJECT, ROUTED, STRICT, Asked, asked
from tests.official import BatchWriteResponse

Status = grpc.StatusCode
NAMES = [case[0].says for case in CASES]


@pytest.fixture(scope="module")
def apis() -> Iterator[dict[bool, Asked]]:
    """A gateway of Pub/Sub's rules (True) and one of Firestore's."""
    with asked(FIRESTORE) as firestore, asked(PUBSUB) as pubsub:
        yield {False: firestore, True: pubsub}


def ask(apis: dict[bool, Asked], case: Case) -> tuple[grpc.StatusCode, str]:
    """Make a case's call."""
    api = apis[case.method == "Publish"]
    return api.ask(case.method, case.request, case.headers, account=case.account)


@pytest.mark.parametrize(("rule", "breaks", "keeps"), CASES, ids=NAMES)
def test_a_rule_bites(apis: dict[bool, Asked], rule: Rule, breaks: Case, keeps: Case) -> None:
    """A call that breaks the rule gets its status and never arrives; the other one does."""
    api = apis[breaks.method == "Publish"]
    arrived = len(api.taken)
    status, details = ask(apis, breaks)
    assert (rule.status, rule) == (status, api.gateway.refused[-1][1])
    assert details
    assert arrived == len(api.taken)
    assert (Status.OK, "") == ask(apis, keeps)
    assert arrived + 1 == len(api.taken)


def test_every_rule_has_a_case() -> None:
    """No rule of the tables is without its test."""
    assert {rule.says for rule in (*FIRESTORE, *PUBSUB)} == set(NAMES)


def test_every_rule_has_its_source() -> None:
    """Each rule names the page or the public issue that it is from."""
    places = (
        "https://github.com/",
        "https://docs.cloud.google.com/",
        "https://firebase.google.com/",
    )
    assert [] == [one.says for one in (*FIRESTORE, *PUBSUB) if not one.source.startswith(places)]


NAMED = {"google-cloud-resource-prefix": STRICT.database}
PARAMS = "x-goog-request-params"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "Missing routing header. "),
        (
            {PARAMS: f"database=projects/{PROJECT}/databases/envybox-eu"},
            f"Invalid request routing header database=projects/{PROJECT}/databases/envybox-eu. ",
        ),
        ({"google-cloud-resource-prefix": OTHER}, "Mismatch between database name "),
        ({PARAMS: f"project_id={PROJECT}&database_id=other"}, "Mismatch between database name "),
        ({**NAMED, PARAMS: "project_id=other&database_id=envybox-eu"}, "Mismatch between "),
    ],
)
def test_headers_that_are_refused(
    apis: dict[bool, Asked], headers: dict[str, str], words: str
) -> None:
    """A named database that the headers do not name, or another one, is INVALID_ARGUMENT."""
    status, details = ask(apis, Case("BatchWrite", batch(), {**OWNER, **headers}))
    assert (Status.INVALID_ARGUMENT, True) == (status, details.startswith(words))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, Status.NOT_FOUND),  # by the next rule: there is no such database in this deployment
        ({PARAMS: f"database=projects/{PROJECT}/databases/%28default%29"}, Status.NOT_FOUND),
        ({PARAMS: f"project_id={PROJECT}&database_id=%28default%29"}, Status.NOT_FOUND),
        ({PARAMS: f"project_id={PROJECT}&database_id=envybox-eu"}, Status.INVALID_ARGUMENT),
    ],
)
def test_headers_of_the_default_database(
    apis: dict[bool, Asked], headers: dict[str, str], status: grpc.StatusCode
) -> None:
    """`(default)` need not be named; but another one must not be."""
    request = batch(database=f"projects/{PROJECT}/databases/(default)")
    assert status == ask(apis, Case("BatchWrite", request, {**OWNER, **headers}))[0]


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "owner"])
def test_tokens_that_are_refused(apis: dict[bool, Asked], token: str) -> None:
    """A token that is nobody's is UNAUTHENTICATED, with another message than none."""
    headers = {**ROUTED, "authorization": token} if token else ROUTED
    status, details = ask(apis, Case("BatchWrite", batch(), headers))
    assert (Status.UNAUTHENTICATED, not token) == (status, "is missing" in details)


def test_a_method_that_no_function_calls_is_unknown(apis: dict[bool, Asked]) -> None:
    """A call that the table does not know of is not passed on by chance."""
    call = apis[False].channel("webhook").unary_unary("/google.firestore.v1.Firestore/Rollback")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", metadata=list({**OWNER, **ROUTED}.items()), timeout=20)
    assert Status.UNIMPLEMENTED == caught.value.code()


@pytest.mark.parametrize(
    ("request_", "served"),
    [
        (query("publish.state"), True),
        (query("publish.state", "account"), True),  # single fields merge
        (query("raw"), False),
        (query("extra.new_field"), False),
        (query("chat.transcript"), False),
        (query("chat.id"), True),
        (query(order=(("received_at", 2),)), True),
        (query(order=(("expire_at", 1),)), False),
        (query("publish.state", order=(("received_at", 1), ("__name__", 1))), True),
        (query("publish.state", order=(("received_at", 2),)), True),  # read backwards
        (query("type", order=(("received_at", 2),)), True),
        (query("type", "account", order=(("received_at", 2),)), True),  # two indexes merge
        (query("type", "publish.state", order=(("received_at", 2),)), False),  # not these two
        (query("type", "site", order=(("received_at", 2),)), False),
        (query(order=(("type", 1), ("received_at", 1))), False),
        (query("publish.state", method="RunAggregationQuery"), True),
    ],
)
def test_which_queries_are_served(request_: Any, served: bool) -> None:
    """Equality alone needs no composite index; with an order it needs one, or some that merge."""
    is_count = "structured_aggregation_query" in request_.DESCRIPTOR.fields_by_name
    holder = request_.structured_aggregation_query if is_count else request_
    assert served == is_served(shape_of(holder.structured_query), STRICT)


def test_contention(apis: dict[bool, Asked]) -> None:
    """A write of a document that others write all the time is ABORTED alone."""
    gateway = apis[False].gateway
    gateway.contended.add("b")
    try:
        channel = apis[False].channel("webhook")
        call = channel.unary_unary("/google.firestore.v1.Firestore/BatchWrite")
        metadata = list({**OWNER, **ROUTED}.items())
        data = call(batch("b").SerializeToString(), metadata=metadata, timeout=20)
    finally:
        gateway.contended.clear()
    assert [Status.ABORTED.value[0]] == [
        one.code for one in BatchWriteResponse.FromString(data).status
    ]
