from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.errors import Malformed, TooLarge, UnsupportedMediaType
from envybox.event import FieldWarning
from envybox.receiver.request import (
    MAX_BODY,
    MAX_FIELDS,
    base_name,
    form,
    read_body,
    read_fields,
)
from envybox.receiver.request.text import NOT_UTF8
from tests.samples import HELP_PAGE, KEY

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


class Chunks:
    """A body that comes in pieces, and counts those that were taken."""

    def __init__(self, *chunks: bytes) -> None:
        self.taken = 0
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.taken += 1
            yield chunk


def read(chunks: Chunks, content_length: str | None = None) -> bytes:
    """Return the body that is read of chunks."""
    return asyncio.run(read_body(chunks, content_length))


# read_body


def test_limit() -> None:
    """The documented limit: 256 KiB."""
    assert 256 * 1024 == MAX_BODY


@pytest.mark.parametrize("length", [None, "0", "5", str(MAX_BODY), "", "x", "-1"])
def test_body(length: str | None) -> None:
    """The chunks make the body, whatever its length is said to be."""
    assert b"a=1&b" == read(Chunks(b"a=1", b"", b"&b"), length)


@pytest.mark.parametrize("length", [None, str(MAX_BODY)])
def test_body_at_the_limit(length: str | None) -> None:
    """A body of exactly the limit is taken."""
    assert MAX_BODY == len(read(Chunks(b"a" * (MAX_BODY - 1), b"b"), length))


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "0" * 30 + str(MAX_BODY + 1)])
def test_announced_too_large(length: str) -> None:
    """A length over the limit is refused before anything is read."""
    chunks = Chunks(b"a")
    with pytest.raises(TooLarge):
        read(chunks, length)
    assert chunks.taken == 0


@pytest.mark.parametrize("length", [None, "1", "nonsense", "9" * 5000])
def test_too_large(length: str | None) -> None:
    """A body over the limit is refused as soon as it is, whatever its length was said to be."""
    chunks = Chunks(b"a" * MAX_BODY, b"b", b"c")
    with pytest.raises(TooLarge):
        read(chunks, length)
    assert chunks.taken == 2


@given(st.lists(st.binary()), st.none() | st.text())
def test_any_body(chunks: list[bytes], length: str | None) -> None:
    """Any header and any chunks give the body or `TooLarge`."""
    try:
        body = read(Chunks(*chunks), length)
    except TooLarge:
        return
    assert b"".join(chunks) == body


# read_fields


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        " ",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        " Application/X-WWW-Form-Urlencoded ;charset=windows-1251",
        # As PHP takes them.
        "application/x-www-form-urlencoded charset=utf-8",
        "application/x-www-form-urlencoded,",
        "application/x-www-form-urlencoded, application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; application/x-www-form-urlencoded",
        "; charset=utf-8",
    ],
)
def test_form(content_type: str) -> None:
    """A form is the default, and its parameters do not matter."""
    assert (HELP_PAGE, []) == read_fields(urlencode(HELP_PAGE).encode(), content_type)


def test_json() -> None:
    """JSON is read as JSON."""
    assert ([("a", "1")], []) == read_fields(b'{"a":1}', "application/json; charset=utf-8")


def test_multipart() -> None:
    """Multipart is read as multipart."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    assert ([("a", "1")], []) == read_fields(body, "multipart/form-data; boundary=x")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/mixed; boundary=x", "application/jsonp", "*/*"],
)
def test_unsupported(content_type: str) -> None:
    """Another content type is refused, even if the body could be read."""
    with pytest.raises(UnsupportedMediaType):
        read_fields(b"a=1", content_type)


@pytest.mark.parametrize("content_type", ["", FORM, f"{FORM}; charset=utf-8", MULTIPART])
@pytest.mark.parametrize("before", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_json_under_another_type(content_type: str, before: bytes) -> None:
    """An object of JSON under a form's type, or under none, is read as one."""
    assert ([("a", "1"), ("b", "&")], []) == read_fields(
        before + b'{"a": 1, "b": "&"}', content_type
    )


@pytest.mark.parametrize(
    "body", [b"{", b"{a}", b'{"a":1', b'{"a":1}&b=2', b"[1]", b'["a"]', b'"a"', b"{}=1"]
)
def test_no_json_under_a_forms_type(body: bytes) -> None:
    """What only begins as JSON does is a form as before."""
    assert form.parse(body, "") == read_fields(body, FORM)


def test_too_many_members_under_a_forms_type() -> None:
    """An object of too many members is refused as such, and is no form of one field."""
    body = "{" + ",".join(['"a":1'] * (MAX_FIELDS + 1)) + "}"
    with pytest.raises(Malformed, match="more than 1000 fields"):
        read_fields(body.encode(), FORM)


@pytest.mark.parametrize("content_encoding", ["gzip", "br", "x", "gzip, identity", "identity;q=1"])
def test_compressed(content_encoding: str) -> None:
    """A body with a content encoding is refused."""
    with pytest.raises(UnsupportedMediaType):
        read_fields(b"a=1", FORM, b"", content_encoding)


@pytest.mark.parametrize(
    "content_encoding", ["", " ", "identity", "Identity", "identity, identity"]
)
def test_identity(content_encoding: str) -> None:
    """No encoding is an encoding too."""
    assert ([("a", "1")], []) == read_fields(b"a=1", FORM, b"", content_encoding)


@pytest.mark.parametrize("name", ["%20key", "key+", "+key%20", "%09key", "key%0D%0A"])
def test_blanks_around_the_key(name: str) -> None:
    """Blanks around the key's name are gone; other names are as they were received."""
    assert ([(" phone", "1"), ("key", "k")], []) == read_fields(
        f"%20phone=1&{name}=k".encode(), FORM
    )


def test_two_keys_with_and_without_blanks() -> None:
    """Two keys are two keys, whatever stands around their names."""
    assert ([("key", "k"), ("key", "k")], []) == read_fields(b"key=k&+key=k", FORM)


def test_query() -> None:
    """Query parameters follow the body's fields, where the body has none of that name."""
    assert ([("a", "1"), ("b", "2"), ("b", "3")], []) == read_fields(
        b"a=1", FORM, b"a=x&b=2&b=3&a=y"
    )


@pytest.mark.parametrize("body", [b"key=", b"", b"a=1"])
@pytest.mark.parametrize("name", ["key", "key[]", "key[0]", "+key", "key+", "k%65y", "key%5B%5D"])
def test_no_key_in_query(body: bytes, name: str) -> None:
    """A key is never taken from the URL, in whatever spelling PHP would take it."""
    fields, _ = read_fields(body, FORM, f"{name}={KEY}".encode())
    assert KEY not in dict(fields).values()


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"a[b]=1", b"a=x"),
        (b"a=1", b"a[b]=x"),
        (b"a[b]=1", b"a[c]=x&a[]=y"),
        (b"+a=1", b"a=x"),
        (b"a=1", b"+a+=x"),
    ],
)
def test_query_does_not_change_the_body(body: bytes, query: bytes) -> None:
    """Brackets are no way for a query to reach into a field of the body."""
    assert read_fields(body, FORM) == read_fields(body, FORM, query)


def test_bracketed_query() -> None:
    """A list that only the query has is taken whole."""
    assert ([("a[]", "1"), ("a[]", "2")], []) == read_fields(b"", FORM, b"a[]=1&a[]=2")


def test_warnings_of_query() -> None:
    """A parameter that is not UTF-8 is warned of, a parameter that does not count is not."""
    assert (
        [("a", "И"), ("b", "И")],
        [FieldWarning("a", NOT_UTF8), FieldWarning("b", NOT_UTF8)],
    ) == read_fields(b"a=%C8", FORM, b"b=%C8&a=%C8&key=%C8")


@pytest.mark.parametrize(("in_body", "in_query"), [(MAX_FIELDS, 0), (MAX_FIELDS - 1, 1)])
def test_most_fields(in_body: int, in_query: int) -> None:
    """A thousand fields are taken, one more is not, wherever they stand."""
    assert MAX_FIELDS == 1000
    body = b"&".join(b"a%d=" % number for number in range(in_body))
    query = b"&".join(b"b%d=" % number for number in range(in_query))
    assert MAX_FIELDS == len(read_fields(body, FORM, query)[0])
    for more in ((body + b"&c=", query), (body, query + b"&c=")):
        with pytest.raises(Malformed, match="more than 1000 fields"):
            read_fields(more[0], FORM, more[1])


def test_many_fields_of_other_types() -> None:
    """The limit holds for JSON too, repeats included."""
    body = "{" + ",".join(['"a":1'] * (MAX_FIELDS + 1)) + "}"
    with pytest.raises(Malformed, match="more than 1000 fields"):
        read_fields(body.encode(), "application/json")


@given(
    st.binary(),
    st.sampled_from(["", FORM, "application/json", "multipart/form-data; boundary=a", "text/plain"])
    | st.text(st.characters(max_codepoint=255)),
    st.binary(),
)
def test_any_request(body: bytes, content_type: str, query: bytes) -> None:
    """Any request gives fields or a refusal with its answer."""
    try:
        fields, warnings = read_fields(body, content_type, query)
    except (Malformed, UnsupportedMediaType):
        return
    assert len(fields) <= MAX_FIELDS
    assert {warning.field for warning in warnings} <= {name for name, _ in fields} | {""}


@pytest.mark.parametrize(
    ("name", "base"),
    [("a", "a"), ("a[b]", "a"), (" a [", "a"), ("[a]", ""), ("", ""), ("a]", "a]")],
)
def test_base_name(name: str, base: str) -> None:
    """A name without its brackets, and the white space that PHP would drop."""
    assert base == base_name(name)
