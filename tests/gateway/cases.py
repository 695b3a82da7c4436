"""For each rule a call that breaks it and nothing else, and one that just keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.gateway import access, documents, messages, queries, roles, writes
from tests.gateway.call import Rule
from tests.gateway.proxy import REQUESTS
from tests.gateway.support import OWNER, PROJECT, ROUTED, STRICT

CALL_RESULT = f"projects/{PROJECT}/topics/envybox-call-result"
_CALLER = {**OWNER, **ROUTED}
OTHER = f"projects/{PROJECT}/databases/other"


class Case(NamedTuple):
    """A call: the method, the request, its headers, whose it is."""

    method: str
    request: Any
    headers: Mapping[str, str] = _CALLER
    account: str = "webhook"


def batch(*ids: str, database: str = STRICT.database, **fields: Any) -> Any:
    """Return a BatchWriteRequest of documents with these fields (protobuf values by name)."""
    request = REQUESTS["BatchWrite"](database=database)
    for id_ in ids or ("a",):
        write = request.writes.add()
        write.update.name = f"{database}/documents/events/{id_}"
        for name, value in fields.items():
            write.update.fields[name].CopyFrom(value)
    return request


def value(**kind: Any) -> Any:
    """Return a protobuf value: `value(string_value="x")`."""
    found = REQUESTS["BatchWrite"]().writes.add().update.fields["x"]
    for name, content in kind.items():
        setattr(found, name, content)
    return found


def text(content: str) -> Any:
    """Return a value of text."""
    return value(string_value=content)


def mapping(**fields: Any) -> Any:
    """Return a value that is a map."""
    found = value()
    found.map_value.SetInParent()
    for name, below in fields.items():
        found.map_value.fields[name].CopyFrom(below)
    return found


def listed(count: int) -> Any:
    """Return a value that is a list of numbers."""
    found = value()
    found.array_value.values.extend([value(integer_value=1)] * count)
    return found


def nested(depth: int) -> Any:
    """Return maps nested so deep, with a number in the innermost."""
    found = value(integer_value=1)
    for _ in range(depth):
        found = mapping(a=found)
    return found


def published(*ordering_keys: str, topic: str = CALL_RESULT, **message: Any) -> Any:
    """Return a PublishRequest of messages with these keys."""
    request = REQUESTS["Publish"](topic=topic)
    message.setdefault("data", b"x")
    for key in ordering_keys or ("",):
        request.messages.add(ordering_key=key, **message)
    return request


def query(*equal: str, order: tuple[tuple[str, int], ...] = (), method: str = "RunQuery") -> Any:
    """Return a query for fields that equal something, in an order (1 ascending, 2 descending)."""
    request = REQUESTS[method](parent=f"{STRICT.database}/documents")
    is_count = method == "RunAggregationQuery"
    holder = request.structured_aggregation_query if is_count else request
    structured = holder.structured_query
    structured.from_.add(collection_id="events")
    filters = structured.where.composite_filter
    filters.op = 1
    for path in equal:
        one = filters.filters.add().field_filter
        one.field.field_path, one.op, one.value.string_value = path, 5, "x"
    for path, direction in order:
        structured.order_by.add(direction=direction).field.field_path = path
    return request


def _entries(count: int) -> Any:
    return batch(managers=listed(count))


def _fields(path: str) -> Any:
    return batch(**{path: text("x")})


_DOCUMENT_OVERHEAD = 16 + len("events") + 1 + len("a") + 1 + 32
_KEY = messages.MAX_KEY_BYTES
_LETTERS = messages.MAX_VALUE_BYTES // 2
_NAME = documents.MAX_NAME_BYTES
_LARGEST = documents.MAX_BYTES - _DOCUMENT_OVERHEAD - len("x") - 1 - len("y") - 1 - 1 - 1000 - 1


def _document(extra: int) -> Any:
    return batch(x=text("x" * (_LARGEST + extra)), y=text("y" * 1000))


def _pairs(rules: tuple[Rule, ...], *cases: tuple[Case, Case]) -> list[tuple[Rule, Case, Case]]:
    return [(rule, *pair) for rule, pair in zip(rules, cases, strict=True)]


def _write(request: Any, headers: Mapping[str, str] = _CALLER, account: str = "webhook") -> Case:
    return Case("BatchWrite", request, headers, account)


def _publish(request: Any) -> Case:
    return Case("Publish", request, OWNER)


CASES: list[tuple[Rule, Case, Case]] = [
    *_pairs(
        (access.AUTHENTICATED,),
        (_write(batch(), ROUTED), _write(batch())),
    ),
    *_pairs(
        access.FIRESTORE,
        (
            _write(batch(), {**OWNER, "x-goog-request-params": f"database={STRICT.database}"}),
            _write(
                batch(),
                {**OWNER, "x-goog-request-params": f"project_id={PROJECT}&database_id=envybox-eu"},
            ),
        ),
        (
            _write(batch(database=OTHER), {**OWNER, "google-cloud-resource-prefix": OTHER}),
            _write(batch()),
        ),
        (
            _write(batch(), account="stranger"),
            _write(batch(), account="recover"),
        ),
    ),
    *_pairs(
        (roles.PERMITTED,),
        (
            Case("Commit", REQUESTS["Commit"](database=STRICT.database), account="viewer"),
            Case("Commit", REQUESTS["Commit"](database=STRICT.database), account="operator"),
        ),
    ),
    *_pairs(
        writes.RULES,
        (
            _write(batch(*"abcdefghijklmn", x=text("x" * 800_000))),
            _write(batch(*"abcdefghijklm", x=text("x" * 800_000))),
        ),
        (
            _write(batch(*map(str, range(writes.MAX_WRITES + 1)))),
            _write(batch(*map(str, range(writes.MAX_WRITES)))),
        ),
        (_write(batch("a", "b", "a")), _write(batch("a", "b"))),
    ),
    *_pairs(
        documents.RULES,
        (_write(batch("__a__")), _write(batch("a" * _NAME))),
        (_write(_fields("n" * (_NAME + 1))), _write(_fields("n" * _NAME))),
        (
            _write(batch(custom_data=nested(20))),
            _write(batch(custom_data=nested(19))),
        ),
        (
            _write(batch(x=text("x" * (documents.MAX_VALUE_BYTES + 1)))),
            _write(batch(x=text("x" * documents.MAX_VALUE_BYTES))),
        ),
        (_write(_document(1)), _write(_document(0))),
        (
            _write(_entries(documents.MAX_INDEX_ENTRIES + 1)),
            _write(_entries(documents.MAX_INDEX_ENTRIES)),
        ),
    ),
    *_pairs(
        queries.RULES,
        (
            Case("RunQuery", query("site", order=(("received_at", 1),))),
            Case("RunQuery", query("publish.state", order=(("received_at", 1),))),
        ),
    ),
    *_pairs(
        access.PUBSUB,
        (
            _publish(published(topic=f"projects/{PROJECT}/topics/envybox-spool-dead")),
            _publish(published(topic=f"projects/{PROJECT}/topics/envybox-spool")),
        ),
    ),
    *_pairs(
        messages.RULES,
        (
            _publish(published(data=b"x" * messages.MAX_BYTES)),
            _publish(published(data=b"x" * (messages.MAX_BYTES - 200))),
        ),
        (
            _publish(published(*[""] * (messages.MAX_MESSAGES + 1))),
            _publish(published(*[""] * messages.MAX_MESSAGES)),
        ),
        (_publish(published("a", "b")), _publish(published("a", "a"))),
        (
            _publish(published(data=b"")),
            _publish(published(data=b"", attributes={"a": ""})),
        ),
        (_publish(published("k" * 1025)), _publish(published("k" * 1024))),
        (
            _publish(published(attributes={f"a{n}": "" for n in range(101)})),
            _publish(published(attributes={f"a{n}": "" for n in range(100)})),
        ),
        (
            _publish(published(attributes={"k" * (_KEY + 1): ""})),
            _publish(published(attributes={"k" * _KEY: ""})),
        ),
        (
            _publish(published(attributes={"a": "ы" * (_LETTERS + 1)})),
            _publish(published(attributes={"a": "ы" * _LETTERS})),
        ),
    ),
]
