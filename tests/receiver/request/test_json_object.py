from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.receiver.request import json_object
from envybox.receiver.request.text import BROKEN_UTF8, NOT_UTF8
from envybox.webhook import Fields
from tests.samples import KEY

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters())  # lone surrogates too: JSON can write them
VALUES = st.recursive(
    SCALARS | TEXTS, lambda below: st.lists(below) | st.dictionaries(TEXTS, below), max_leaves=10
)


def parse(text: str) -> Fields:
    """Return the members of a JSON text."""
    fields, warnings = json_object.parse(text.encode(), "application/json")
    assert warnings == []
    return fields


def as_text(value: Any) -> str:
    """Return what a member's value becomes, nested ones as JSON text without white space."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{}", []),
        (" {\t\r\n} ", []),
        ("\ufeff{}", []),
        ('{"a":"b"}', [("a", "b")]),
        ('{"a":null}', [("a", "")]),
        ('{"a":true,"b":false}', [("a", "true"), ("b", "false")]),
        ('{"a": 9223372036854775808123 }', [("a", "9223372036854775808123")]),
        ('{"a":1.10,"b":-0,"c":1E+2}', [("a", "1.10"), ("b", "-0"), ("c", "1E+2")]),
        ('{"a":1e999}', [("a", "1e999")]),
        ('{"a":{"b": [1, "]"]},"c":[]}', [("a", '{"b": [1, "]"]}'), ("c", "[]")]),
        ('{"a":["\\"}"]}', [("a", '["\\"}"]')]),
        ('{"a":"\\u0430\\ud83d\\ude00\\n"}', [("a", "а😀\n")]),
        ('{"\\u006bey":"x"}', [("key", "x")]),
        ('{"a":"\\ud800"}', [("a", "\ud800")]),
        ('{"":"","":""}', [("", ""), ("", "")]),
        (f'{{"key":"{KEY}","key":"x"}}', [("key", KEY), ("key", "x")]),
        ('{"a":[' + "9" * 5000 + "]}", [("a", "[" + "9" * 5000 + "]")]),
    ],
)
def test_objects(text: str, fields: Fields) -> None:
    """Members are read in order, repeats included, numbers and nested values as written."""
    assert fields == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[]",
        "1",
        "null",
        '"a"',
        "{",
        "}",
        "{}{}",
        "{} x",
        "{,}",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{"a":1,,"b":2}',
        '{"a":1 "b":2}',
        '{"a":1',
        '{"a":1,',
        '{"a',
        '{"a":"',
        '{"a":"\n"}',
        '{"a":"\\x"}',
        "{'a':'b'}",
        "{a:1}",
        '{"a":01}',
        '{"a":+1}',
        '{"a":.5}',
        '{"a":1.}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":[NaN]}',
        '{"a":[-Infinity]}',
        '{"a":[}',
        '{"a":[}]}',
        '{"a":[1,]}',
        '{"a":{"b"}}',
        '{"a":["]}',
        "\ufeff\ufeff{}",
        "a=1&b=2",
    ],
)
def test_refuses(text: str) -> None:
    """What is no JSON object is refused, and the detail quotes nothing of it."""
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert caught.value.detail == "the body is not a JSON object"


def test_strings_that_are_not_utf8() -> None:
    """Each string is read by itself, and the warning names the member that it stands in."""
    body = '{"ok":"Пётр \\u0430","a":"Иван","имя":1,"n":["Пётр",["Да"]],"ы":"Нет"}'.encode()
    body = body.replace("Иван".encode(), "Иван".encode("cp1251"))
    body = body.replace("имя".encode(), "имя".encode("cp1251"))
    body = body.replace('"Да"'.encode(), '"Да'.encode() + b'\xd0"')
    assert (
        [
            ("ok", "Пётр а"),
            ("a", "Иван"),
            ("имя", "1"),
            ("n", '["Пётр",["Да\ufffd"]]'),
            ("ы", "Нет"),
        ],
        [
            FieldWarning("a", NOT_UTF8),
            FieldWarning("имя", NOT_UTF8),
            FieldWarning("n", BROKEN_UTF8),
        ],
    ) == json_object.parse(body, "")


def test_very_many_strings_that_are_not_utf8() -> None:
    """After a thousand of them the rest is read as one: none is lost, each member is told."""
    many, few = ('["' + '","'.join(["да"] * count) + '"]' for count in (998, 9))
    text = f'{{"a":{many},"n":"Пётр","ы":{few},"z":1}}'
    assert (
        [("a", many), ("n", "Пётр"), ("ы", few), ("z", "1")],
        [FieldWarning(name, NOT_UTF8) for name in ("a", "n", "ы")],
    ) == json_object.parse(text.encode("cp1251"), "")


@pytest.mark.parametrize("body", [b'{"a":1\xff}', b'\xff{"a":1}', b'{"a":"\xff', b'{"a":"\xff"'])
def test_bytes_that_are_not_utf8_outside_of_strings(body: bytes) -> None:
    """Such an object, or one that is not closed, is none."""
    with pytest.raises(Malformed):
        json_object.parse(body, "")


@given(st.dictionaries(TEXTS, VALUES), st.booleans(), st.sampled_from([None, 0, 1]))
def test_agrees_on_objects(members: dict[str, Any], ensure_ascii: bool, indent: int | None) -> None:
    """Any object is read as the standard library wrote it, however it is laid out."""
    if not ensure_ascii:
        members = json.loads(json.dumps(members).replace("\\ud", "\\uf"))
    text = json.dumps(members, ensure_ascii=ensure_ascii, indent=indent)
    read = parse(text)
    assert list(members) == [name for name, _ in read]
    for (_, value), member in zip(read, members.values(), strict=True):
        if isinstance(member, list | dict):
            assert member == json.loads(value)
        else:
            assert as_text(member) == value


PIECES = st.sampled_from(
    [
        *'{}[]",: \n\t-+.019eE\\/bu',
        '"a"',
        '"b":',
        "true",
        "null",
        "NaN",
        "1.5",
        "\\u0430",
        "а",
        "\f",
    ]
)


@given(
    st.lists(PIECES).map("".join) | st.lists(PIECES).map(lambda all_: f'{{"a":{"".join(all_)}}}')
)
@example('{"a":"' + "\\")
def test_agrees_on_any_text(text: str) -> None:
    """Text is taken where the standard library finds an object, and else refused."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        pairs = json.loads(text, object_pairs_hook=list, parse_constant=refuse)
        is_object = text.strip().startswith("{")
    except ValueError:
        is_object = False
    if not is_object:
        with pytest.raises(Malformed):
            parse(text)
    else:
        assert [name for name, _ in pairs] == [name for name, _ in parse(text)]


@given(st.binary())
def test_any_bytes(body: bytes) -> None:
    """Any bytes give fields or `Malformed`."""
    try:
        json_object.parse(b'{"a":"' + body + b'"}', "")
        json_object.parse(body, "")
    except Malformed:
        pass


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_deep_nesting(opening: str) -> None:
    """Nesting of any depth is kept as it is, and costs little."""
    closing = "".join({"[": "]", "{": "}"}[one] for one in reversed(opening) if one in "[{")
    depth = 200_000 // len(opening + closing)
    nested = opening * depth + "1" + closing * depth
    started = time.process_time()
    fields = parse(f'{{"a":{nested},"b":2}}')
    assert [("a", nested), ("b", "2")] == fields
    assert time.process_time() - started < 2


def test_unbalanced_depth() -> None:
    """Deep nesting that does not end is refused."""
    with pytest.raises(Malformed):
        parse('{"a":' + "[" * 100_000 + "}")
