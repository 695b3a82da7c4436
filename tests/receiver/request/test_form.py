from __future__ import annotations

from urllib.parse import parse_qsl, quote, quote_plus, unquote_to_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.receiver.request import form
from envybox.receiver.request.text import NOT_UTF8, decode
from envybox.webhook import Fields
from tests.samples import HELP_PAGE

FIELDS = st.lists(st.tuples(st.text(), st.text()))

PIECES = [
    *(bytes((one,)) for one in b"%&=+;a04\xff\n\r\0\1"),
    *(b"%26", b"%3D", b"%3d", b"%25", b"%00", b"%01", b"%0A", b"%2", b"%FF", b"%D0%9F"),
    "П".encode(),
]
"""What forms are made of, and what breaks them."""


def parse(body: bytes) -> Fields:
    """Return the fields of a body that is UTF-8."""
    fields, warnings = form.parse(body, "")
    assert warnings == []
    return fields


@pytest.mark.parametrize("quote_via", [quote, quote_plus])
def test_help_page(quote_via: object) -> None:
    """The help page's example arrives as it was sent, empty fields included."""
    assert HELP_PAGE == parse(urlencode(HELP_PAGE, quote_via=quote_via).encode())  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"&&", []),
        (b"a", [("a", "")]),
        (b"a=", [("a", "")]),
        (b"=a", [("", "a")]),
        (b"=", [("", "")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"a=1&&a=2&", [("a", "1"), ("a", "2")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a+b=%2B+%20", [("a b", "+  ")]),
        (b"%61%5B%5D=%D0%B0", [("a[]", "а")]),
        ("а=б".encode(), [("а", "б")]),
        (b"a=%&b=%4&c=%zz", [("a", "%"), ("b", "%4"), ("c", "%zz")]),
        (b"a=\r\n", [("a", "\r\n")]),
        (b"a=%00", [("a", "\0")]),
        (b"\xef\xbb\xbfa=1&\xef\xbb\xbfb=2", [("a", "1"), ("\ufeffb", "2")]),
    ],
)
def test_bodies(body: bytes, fields: Fields) -> None:
    """Forms are read as browsers and PHP write them, and with what they would never write."""
    assert fields == parse(body)


@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_as_a_whole(body: bytes) -> None:
    """A body that is read as a whole gives what it gives field by field, as one with a NUL is."""
    fields, warnings = form.parse(body + b"&end=%00", "")
    assert (fields[:-1], warnings) == form.parse(body, "")


def test_windows_1251() -> None:
    """A value that is not UTF-8, percent-encoded or not, is windows-1251 and warned of."""
    name = "Иван".encode("cp1251")
    assert (
        [("a", "Иван"), ("b", "Иван"), ("c", "x")],
        [FieldWarning("a", NOT_UTF8), FieldWarning("b", NOT_UTF8)],
    ) == form.parse(b"a=" + name + b"&b=" + quote(name).encode() + b"&c=x", "")


@pytest.mark.parametrize("ampersand", ["&amp;", "&#038;", "&#38;", "&#x26;", "&amp;amp;"])
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("webhooktype=1&key=k&a=b", [("webhooktype", "1"), ("key", "k"), ("a", "b")]),
        ("key=k&webhooktype=1", [("key", "k"), ("webhooktype", "1")]),
        ("a=b&+key=k&webhooktype=", [("a", "b"), (" key", "k"), ("webhooktype", "")]),
    ],
)
def test_escaped_ampersands(body: str, ampersand: str, fields: Fields) -> None:
    """Ampersands that were HTML-escaped part fields, where that makes a webhook of the body."""
    expected = (fields, [FieldWarning("", form.ESCAPED)])
    assert expected == form.parse(body.replace("&", ampersand).encode(), "")


@pytest.mark.parametrize(
    "body",
    [
        "webhooktype=1&key=k&url=https://example.com/?a=1&amp;b=2",  # a webhook as it is
        "key=k&amp;key=k&amp;webhooktype=1",  # two keys
        "key=k&amp;phone=79000000000",  # no type
        "webhooktype=1&amp;phone=79000000000",  # no key
        "webhooktype=1&ampkey=k",
    ],
)
def test_ampersands_that_stay(body: str) -> None:
    """All other bodies are read as they stand."""
    fields = parse(body.encode())
    assert "&".join(f"{name}={value}" for name, value in fields) == body


@given(FIELDS.filter(lambda fields: ("", "") not in fields))
def test_round_trip(fields: Fields) -> None:
    """Any fields that are sent come out: names, values, order, repeats."""
    assert fields == parse(urlencode(fields).encode())


@given(st.text(st.sampled_from("xy=&%+4[];é \x00\n")))
def test_like_the_standard_library(text: str) -> None:
    """Text is read as Python's own parser reads it."""
    expected = parse_qsl(text, keep_blank_values=True, errors="strict")
    assert expected == parse(text.encode())


@given(st.lists(st.sampled_from([*b"%%%%0aDF9=+ _\r\n\t.\x00\xd0x"])).map(bytes))
def test_escapes_like_the_standard_library(value: bytes) -> None:
    """Escapes, and what only looks like them, are undone as Python's own function does it."""
    text, _ = decode(unquote_to_bytes(value.replace(b"+", b" ")))
    fields, _ = form.parse(b"a=" + value, "")
    assert [("a", text)] == fields


@given(st.binary())
def test_any_bytes(body: bytes) -> None:
    """No body is refused, and no part of it goes missing."""
    fields, warnings = form.parse(body, "")
    assert len([part for part in body.split(b"&") if part]) == len(fields)
    assert {warning.field for warning in warnings} <= {name for name, _ in fields}
