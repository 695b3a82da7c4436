from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.receiver.normalize.fields import gather
from envybox.receiver.normalize.plan import extra_of
from envybox.receiver.normalize.warn import Warnings
from tests.receiver.normalize.support import texts


def _gather(*fields: tuple[str, str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    warnings = Warnings()
    values = gather(list(fields), warnings)
    return values, [(warning.field, warning.reason) for warning in warnings.listed()]


def test_plain() -> None:
    """Fields are found by their names, in the order received."""
    assert ({"b": "1", "a": ""}, []) == _gather(("b", "1"), ("a", ""))


def test_repeated() -> None:
    """Of a repeated name the last value that says something counts, with one warning."""
    expected = ({"a": "3", "b": "x"}, [("a", "repeated")])

    assert expected == _gather(("a", "1"), ("b", "x"), ("a", ""), ("a", "3"), ("a", " "))
    assert expected == _gather(("a", ""), ("b", "x"), ("a", "3"))


@pytest.mark.parametrize("name", [" a", "a ", "\ta\r\n", "\xa0a\u2003"])
def test_blanks_around_names(name: str) -> None:
    """Blanks around a name are dropped; within a name they stay."""
    assert ({"a": "1", "b c": "2"}, []) == _gather((name, "1"), ("b c", "2"))
    assert ({"a": "2"}, [("a", "repeated")]) == _gather(("a", "1"), (name, "2"))


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ([("m[0][phone]", "x"), ("m[0][name]", "y")], "m", [{"phone": "x", "name": "y"}]),
        ([("a[]", "1"), ("a[]", "2")], "a", ["1", "2"]),
        ([("a[1]", "y"), ("a[0]", "x")], "a", ["x", "y"]),
        ([("a[1]", "y")], "a", {"1": "y"}),
        ([("a[5]", "x"), ("a[]", "y")], "a", {"5": "x", "6": "y"}),
        ([("a[5]", "x"), ("a[1]", "y"), ("a[]", "z")], "a", {"5": "x", "1": "y", "6": "z"}),
        ([("a[01]", "x"), ("a[]", "y")], "a", {"01": "x", "0": "y"}),
        ([("a[²]", "x"), ("a[]", "y")], "a", {"²": "x", "0": "y"}),
        ([(f"a[{'9' * 19}]", "x"), ("a[]", "y")], "a", {"9" * 19: "x", "0": "y"}),
        ([("a[][b]", "x"), ("a[][b]", "y")], "a", [{"b": "x"}, {"b": "y"}]),
        ([("a[b][]", "x"), ("a[b][]", "y")], "a", {"b": ["x", "y"]}),
        ([("имя[ключ]", "«x»")], "имя", {"ключ": "«x»"}),
        ([("a]b[c]", "x")], "a]b", {"c": "x"}),
    ],
)
def test_brackets(fields: list[tuple[str, str]], name: str, value: object) -> None:
    """PHP's brackets are folded into compact JSON under the name before them."""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    assert ({name: compact}, []) == _gather(*fields)


def test_empty_name() -> None:
    """A field without a name is a field like any other, also beside bracketed ones."""
    assert ({"": "x", "a": '["y"]'}, []) == _gather(("", "x"), ("a[]", "y"))


@pytest.mark.parametrize(
    "name", ["a[", "a[b", "a]", "[a]", "[]", "a[b]c", "a[[b]]", "a[b]]", "a[b][c"]
)
def test_malformed_brackets(name: str) -> None:
    """A name whose brackets do not match is a plain name."""
    assert ({name: "x"}, []) == _gather((name, "x"))


def test_depth() -> None:
    """Twenty levels of brackets are folded; a name with more is a plain name, with a warning."""
    deepest, deeper = "a" + "[b]" * 20, "a" + "[b]" * 21

    assert ({"a": '{"b":' * 20 + '"x"' + "}" * 20}, []) == _gather((deepest, "x"))
    assert ({deeper: "x"}, [(deeper, "nested too deeply")]) == _gather((deeper, "x"))


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ([("a", "1"), ("a[b]", "2")], '{"b":"2"}'),
        ([("a[b]", "2"), ("a", "1")], "1"),
        ([("a[b]", "1"), ("a[b][c]", "2")], '{"b":{"c":"2"}}'),
        ([("a[b][c]", "2"), ("a[b]", "1")], '{"b":"1"}'),
        ([("a[b]", "1"), ("a[b]", "2")], '{"b":"2"}'),
        ([("a[]", "1"), ("a[0]", "2")], '["2"]'),
        ([("a[b]", "1"), ("a[b]", "")], '{"b":"1"}'),
        ([("a[b]", "1"), ("a", "")], '{"b":"1"}'),
        ([("a", "1"), ("a[b]", "")], "1"),
    ],
)
def test_collisions(fields: list[tuple[str, str]], value: str) -> None:
    """Where two names claim one place the last wins, with a warning."""
    assert ({"a": value}, [("a", "repeated")]) == _gather(*fields)


def test_lone_surrogates() -> None:
    """A lone surrogate in a name or a value becomes U+FFFD, with a warning; NUL stays."""
    values, warnings = _gather(("a", "x\ud800\x00"), ("b\udfff", "y"), ("c", "z"))

    assert {"a": "x\ufffd\x00", "b\ufffd": "y", "c": "z"} == values
    reason = "a lone surrogate was replaced"
    assert [("a", reason), ("b\ufffd", reason)] == warnings


def test_extra() -> None:
    """`extra` is what has no place of its own; the key never gets there."""
    assert {"new": ""} == extra_of({"new": "", "site": "example.com", "key": "x"})


def test_warnings_cut_names() -> None:
    """A field's name in a warning has at most 100 characters."""
    warnings = Warnings([FieldWarning("я" * 101 + "\ud800", "first")])
    warnings.add("\ud800" * 101, "second")

    assert [
        FieldWarning("я" * 100, "first"),
        FieldWarning("\ufffd" * 100, "second"),
    ] == warnings.listed()


_keys = st.sampled_from(["", "0", "1", "2", "01", "b", "c", "[", "]", "["])
_names = st.lists(_keys, max_size=6).map(lambda keys: "a" + "".join(f"[{key}]" for key in keys))


_any = _names | st.sampled_from(["a", "b", ""]) | texts


@given(st.lists(st.tuples(_any, texts), max_size=20), _any)
def test_last_value_is_kept(fields: list[tuple[str, str]], name: str) -> None:
    """Any names make fields, and the last field's value is always among them."""
    values, _ = _gather(*fields, (name, "<last>"))

    assert any("<last>" in value for value in values.values())
