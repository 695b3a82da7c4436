from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import envybox.receiver.normalize
from envybox.event import FieldWarning, Ids, Page, Utm, encode
from envybox.receiver.normalize import NOT_NORMALIZED, normalize
from envybox.receiver.normalize.plan import NAMED
from envybox.schema import event_schema
from envybox.types import TYPES, type_of
from tests.receiver.normalize.support import (
    ID,
    MOSCOW,
    event_of,
    event_with,
    reasons,
    texts,
    webhook_of,
)
from tests.samples import HELP_PAGE, HELP_PAGE_EVENT

_VALIDATOR = Draft202012Validator(event_schema())


def _strict(data: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(data.decode(), parse_constant=refuse)


def test_help_page() -> None:
    """The help page's example becomes the event that the documentation shows."""
    expected = {**HELP_PAGE_EVENT, "id": ID, "received_at": "2026-11-22T06:46:00.123456Z"}

    data = encode(event_of(HELP_PAGE))

    assert expected == _strict(data)
    assert json.dumps(expected, ensure_ascii=False, separators=(",", ":")) == data.decode()


@pytest.mark.parametrize("row", [row for row in TYPES if row.webhooktype is not None])
def test_types(row: Any) -> None:
    """Each webhooktype has its type."""
    event = event_with(webhooktype=str(row.webhooktype))

    assert (row.type, row.webhooktype) == (event.type, event.webhooktype)


@pytest.mark.parametrize(
    ("text", "number", "warnings"),
    [
        ("01", 1, []),
        (" 12\r\n", 12, []),
        ("77", 77, []),
        ("0", 0, []),
        ("9" * 18, 10**18 - 1, []),
        ("9" * 19, None, [("webhooktype", "not a number")]),
        ("-1", None, [("webhooktype", "not a number")]),
        ("1.0", None, [("webhooktype", "not a number")]),
        ("²", None, [("webhooktype", "not a number")]),
        ("٣", None, [("webhooktype", "not a number")]),
        ("one", None, [("webhooktype", "not a number")]),
        ("", None, []),
        ("  ", None, []),
    ],
)
def test_webhooktype(text: str, number: int | None, warnings: list[tuple[str, str]]) -> None:
    """ASCII digits are a webhooktype, in white space or not; all else is unknown."""
    event = event_with(webhooktype=text)

    assert (number, type_of(number), warnings) == (event.webhooktype, event.type, reasons(event))


def test_no_fields() -> None:
    """A webhook without fields is an event of the type unknown, without a warning."""
    event = event_of([])

    assert ("unknown", None, None, None) == (event.type, event.webhooktype, event.call, event.chat)
    assert ([], None, {}, []) == (event.managers, event.custom_data, event.extra, event.warnings)


def test_ids_pages_and_tags_are_verbatim() -> None:
    """Opaque fields are taken as they are, white space and all; blank ones are None."""
    event = event_with(
        yandex_client_id="1705071461123456789", site=" example.com ", utm_term="\t", rs="0"
    )

    assert Ids(yandex_client_id="1705071461123456789", rs="0") == event.ids
    assert Page(site=" example.com ") == event.page
    assert Utm() == event.utm


def test_every_named_field_has_a_place() -> None:
    """A field of the vendor's is found in the event and not in `extra`; the key is nowhere."""
    for name in NAMED - {"key"}:
        event = event_with(**{name: "2021-03-02 10:36:14"})
        assert event_of([]) != event, name
        assert {} == event.extra, name
    assert event_of([]) == event_with(key="f94c2baa94dbc6e9eabd3c181093c08f")
    assert event_of([]) == event_of([("key[]", "f94c2baa94dbc6e9eabd3c181093c08f")])


def test_each_id_and_tag_comes_from_its_own_field() -> None:
    """No two fields are mixed up."""
    prefixes = {Ids: "", Page: "", Utm: "utm_"}
    fields = {
        prefix + name: f"<{prefix}{name}>"
        for class_, prefix in prefixes.items()
        for name in class_.__struct_fields__
    }
    event = event_with(**fields)

    parts = ((event.ids, ""), (event.page, ""), (event.utm, "utm_"))
    for part, prefix in parts:
        for name in part.__struct_fields__:
            assert f"<{prefix}{name}>" == getattr(part, name)


def test_manager() -> None:
    """The manager who took the call has name, department and a phone in E.164."""
    manager = event_with(
        manager_name="Мария", manager_phone="8 900 000-00-00", department="Продажи"
    ).manager

    assert ("Мария", "+79000000000", "Продажи") == (
        manager.name,
        manager.phone,
        manager.department,
    )


def test_extra() -> None:
    """Fields that nobody knows are kept verbatim, empty ones too."""
    event = event_of([("quiz_1", " да "), ("", "x"), ("new", ""), ("site", "example.com")])

    assert {"quiz_1": " да ", "": "x", "new": ""} == event.extra


def test_occurred_at() -> None:
    """An event occurred when the call took place, or else when the chat was created."""
    called, created = "2021-03-02 10:36:14", "2024-01-12 18:37:41"

    both = event_with(called_at=called, created_at=created)
    chat = event_with(created_at=created)
    broken = event_with(called_at="?", created_at=created)

    assert b'"occurred_at":"2021-03-02T07:36:14Z"' in encode(both)
    assert b'"occurred_at":"2024-01-12T15:37:41Z"' in encode(chat)
    assert b'"occurred_at":"2024-01-12T15:37:41Z"' in encode(broken)


@pytest.mark.parametrize(
    ("text", "value", "warnings"),
    [
        ("[]", [], []),
        ("", None, []),
        (" ", None, []),
        ("null", None, []),
        ('{"id": 18446744073709551616000}', {"id": 18446744073709551616000}, []),
        ("{«a»:«b»}", {"a": "b"}, []),
        ('{"a": "«b»"}', {"a": "«b»"}, []),
        ("user 7", "user 7", [("custom_data", "not JSON")]),
        ("NaN", "NaN", [("custom_data", "not JSON")]),
        ("[1e400]", "[1e400]", [("custom_data", "not JSON")]),
        ("[" * 9, "[" * 9, [("custom_data", "not JSON")]),
        ("[" * 101 + "]" * 101, "[" * 101 + "]" * 101, [("custom_data", "nested too deeply")]),
        ('["\\ud800"]', ["\ufffd"], [("custom_data", "a lone surrogate was replaced")]),
        ('["\\u0000"]', ["\x00"], []),
    ],
)
def test_custom_data(text: str, value: Any, warnings: list[tuple[str, str]]) -> None:
    """JSON in `custom_data` is its value, other text is kept with a warning."""
    event = event_with(custom_data=text)

    assert (value, warnings) == (event.custom_data, reasons(event))
    assert value == _strict(encode(event))["custom_data"]


def test_brackets_reach_the_event() -> None:
    """Managers and custom data in PHP's brackets are read like their JSON."""
    event = event_of(
        [
            ("managers_phones[0][manager_name]", "Мария"),
            ("managers_phones[0][phone]", "79000000000"),
            ("custom_data[plan]", "pro"),
            ("answers[]", "да"),
            ("answers[]", "нет"),
        ]
    )

    assert [("Мария", "+79000000000")] == [(one.name, one.phone) for one in event.managers]
    assert {"plan": "pro"} == event.custom_data
    assert {"answers": '["да","нет"]'} == event.extra
    assert [] == event.warnings


def test_warnings_in_order_and_once() -> None:
    """The body's warnings come first, then the fields'; identical ones come once."""
    body = FieldWarning("", "not UTF-8")
    fields = [("phone", "?"), ("phone", "?"), ("managers_phones", '["?", "?"]')]

    event = normalize(webhook_of(fields, body, body), ID, zone=MOSCOW, region="RU")

    assert [
        ("", "not UTF-8"),
        ("phone", "repeated"),
        ("phone", "not a phone number"),
        ("managers_phones", "not a phone number"),
    ] == reasons(event)


def test_defect_does_not_cost_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where normalization fails by a defect, the event has its type and a warning."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(envybox.receiver.normalize, "visitor_of", fail)
    body = FieldWarning("", "not UTF-8")
    fields = [("webhooktype", "x"), ("webhooktype", "12"), ("phone", "79000000000")]

    event = normalize(webhook_of(fields, body), ID, zone=MOSCOW, region="RU")
    unknown = normalize(webhook_of([("webhooktype", "x")]), ID, zone=MOSCOW, region="RU")

    assert (ID, "chat.online", 12) == (event.id, event.type, event.webhooktype)
    assert [body, NOT_NORMALIZED] == event.warnings
    assert ("unknown", None) == (unknown.type, unknown.webhooktype)
    _VALIDATOR.validate(_strict(encode(event)))


_names = st.sampled_from(sorted(NAMED)) | texts
_bracketed = st.builds(
    lambda base, keys: base + "".join(f"[{key}]" for key in keys),
    st.sampled_from(["managers_phones", "custom_data", "a", "phone"]),
    st.lists(st.sampled_from(["", "0", "1", "phone", "name", "x"]), max_size=4),
)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(_names | _bracketed, texts), max_size=12))
def test_any_fields(fields: list[tuple[str, str]]) -> None:
    """Whatever comes, a strict JSON event comes out that is as the schema says."""
    event = event_of(fields)

    assert NOT_NORMALIZED not in event.warnings
    _VALIDATOR.validate(_strict(encode(event)))


@settings(deadline=None, max_examples=60)
@given(st.fixed_dictionaries(dict.fromkeys(sorted(NAMED), texts)))
def test_any_text_in_every_field(fields: dict[str, str]) -> None:
    """Every field filled with any text is an event; warnings name fields, never values."""
    event = event_with(**fields)

    assert NOT_NORMALIZED not in event.warnings
    assert {warning.field for warning in event.warnings} <= NAMED
    _VALIDATOR.validate(_strict(encode(event)))


@given(st.lists(st.tuples(st.text(max_size=3), st.text()), max_size=8))
def test_pure(fields: list[tuple[str, str]]) -> None:
    """The same webhook is the same event, and is not changed."""
    before = list(fields)

    assert event_of(fields) == event_of(fields)
    assert before == fields
