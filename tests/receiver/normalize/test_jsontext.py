from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import encode
from envybox.receiver.normalize.jsontext import decode
from tests.receiver.normalize.support import event_with, texts

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,  # as many as by default take hypothesis most of a minute to make
)
_nested = st.lists(_values) | st.dictionaries(st.text(), _values)


@given(_values.filter(lambda value: not str(value).lstrip().startswith(("[", "{", '"'))) | _nested)
def test_any_value(value: Any) -> None:
    """Any JSON value comes back as it was, but for text that is JSON itself."""
    assert (value, False) == decode(json.dumps(value))
    assert (value, False) == decode(json.dumps(value, ensure_ascii=False))


@given(st.lists(st.dictionaries(st.text("abя "), st.text("abя "))), st.data())
def test_any_typographic_quotes(value: Any, data: st.DataObject) -> None:
    """Typographic quotes of any kind stand for straight ones."""
    quotes = st.sampled_from("«»‹›„“”‟″〃＂‘’")
    text = "".join(
        data.draw(quotes) if char == '"' else char for char in json.dumps(value, ensure_ascii=False)
    )

    assert (value, False) == decode(text)


def test_straight_quotes_win() -> None:
    """In JSON that is JSON, typographic quotes are text."""
    assert (["«a»"], False) == decode('["«a»"]')


@given(_nested, st.integers(1, 3))
def test_encoded_again(value: Any, times: int) -> None:
    """A list or an object that was encoded once more, or twice, is decoded as often."""
    text = json.dumps(value)
    for _ in range(times):
        text = json.dumps(text)

    assert (value, False) == decode(text)


@pytest.mark.parametrize("text", ["[", '{"a"', "[1] 2", '"x', "«a»", "7", "x"])
def test_text_that_only_begins_as_json(text: str) -> None:
    """Text in a string of JSON stays text."""
    assert (text, False) == decode(json.dumps(text))


def test_encoded_too_often() -> None:
    """What nobody encodes that often stays the text that it is."""
    text = json.dumps(["x"])
    for _ in range(5):
        text = json.dumps(text)
    assert (json.loads(text), False) == decode(text)


def test_escaped_quotes() -> None:
    """Quotes that PHP's addslashes escaped are read; in JSON that is JSON, they are text."""
    assert ([{"a": "b"}], False) == decode(r"[{\"a\":\"b\"}]")
    assert ([{"a": "b"}], False) == decode(r"[{\&quot;a\&quot;:\&quot;b\&quot;}]")
    assert (['a"b'], False) == decode(r'["a\"b"]')


def test_html() -> None:
    """JSON that was escaped for HTML is read; in JSON that is JSON, escapes are text."""
    assert ([{"a": "b & c"}], False) == decode("[{&quot;a&quot;:&#34;b &amp; c&quot;}]")
    assert (["&quot;"], False) == decode('["&quot;"]')


_NOT_JSON = ["", "a", "{", "[1,]", "NaN", "Infinity", "1e400", "«", '{"a":«}', "'a'", "\ufeff1"]
_NOT_JSON += ["1" * 5000]
# The same by the way that JSON with lone surrogates takes.
_NOT_JSON += [f'["\\ud800", {text}]' for text in _NOT_JSON]


@pytest.mark.parametrize("text", _NOT_JSON)
def test_not_json(text: str) -> None:
    """What is not strict JSON is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the caller's
        decode(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":[', "]}")])
def test_depth(opening: str, closing: str) -> None:
    """A hundred levels are taken, more are refused, as is any number of open brackets."""
    levels = 100 // opening.count("[") // (1 + opening.count("{"))
    inner = "[]," * 200 + "1"
    flat = "[" * 99 + inner + "]" * 99

    assert not decode(opening * levels + closing * levels)[1]
    assert not decode(flat)[1]
    for text in (opening * (levels + 1) + closing * (levels + 1), opening * 100_000, f"[{flat}]"):
        with pytest.raises(RecursionError):
            decode(text)


def test_deep_surrogates() -> None:
    """JSON with lone surrogates is as bounded in depth as any other."""
    text = "[" * 101 + '"\\ud800"' + "]" * 101

    with pytest.raises(RecursionError):
        decode(text)


def test_lone_surrogates() -> None:
    """Lone surrogates are replaced in names and values alike; all else stays."""
    text = '{"\\ud800": [1, 1.5, null, "\\uDFFFx", {"a": true}], "b": "\\ud83d\\ude00"}'

    assert ({"\ufffd": [1, 1.5, None, "\ufffdx", {"a": True}], "b": "😀"}, True) == decode(text)


@given(texts)
def test_any_text(text: str) -> None:
    """Whatever custom data there is, the event can be encoded."""
    encode(event_with(custom_data=text))
