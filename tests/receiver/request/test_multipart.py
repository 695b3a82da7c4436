from __future__ import annotations

import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.receiver.request import multipart
from envybox.receiver.request.text import NOT_UTF8
from envybox.webhook import Fields
from tests.samples import HELP_PAGE

BOUNDARY = "example"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def sent(parts: list[tuple[str, tuple[str | None, bytes]]]) -> tuple[bytes, str]:
    """Return the body and the content type of what a client would send."""
    request = httpx.Request("POST", "http://example.com", files=parts)
    return request.read(), request.headers["content-type"]


def parse(body: bytes, content_type: str = CONTENT_TYPE) -> Fields:
    """Return the fields of a body that is UTF-8."""
    fields, warnings = multipart.parse(body, content_type)
    assert warnings == []
    return fields


def part(headers: str, value: str = "x") -> str:
    """Return one part."""
    return f"--{BOUNDARY}\r\n{headers}\r\n\r\n{value}\r\n"


def body_of(*parts: str) -> bytes:
    """Return a body of parts, closed."""
    return "".join((*parts, f"--{BOUNDARY}--\r\n")).encode()


def test_help_page() -> None:
    """The help page's example arrives as it was sent, empty fields included."""
    assert HELP_PAGE == parse(*sent([(name, (None, value.encode())) for name, value in HELP_PAGE]))


def test_file() -> None:
    """A part that is a file is a field with the file's text."""
    body, content_type = sent([("a", ("a.txt", "текст".encode()))])
    assert [("a", "текст")] == parse(body, content_type)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ('Content-Disposition: form-data; name="a"', "a"),
        ('content-disposition: form-data;name="a"', "a"),
        ("Content-Disposition: form-data; name=a", "a"),
        ('Content-Disposition: form-data; name=""', ""),
        ('Content-Disposition: form-data; name="a[b][]"', "a[b][]"),
        ('Content-Disposition: form-data; name="a\\"b;c"', 'a"b;c'),
        ('Content-Disposition: form-data; name="ё"', "ё"),
        ('Content-Type: text/plain\r\nContent-Disposition: form-data; name="a"', "a"),
        ('Content-Disposition: form-data; name="a"\r\nContent-Length: 1', "a"),
        ('Content-Disposition: form-data; filename="b"; name="a"', "a"),
        ("Content-Disposition: form-data", ""),
        ("Content-Type: text/plain", ""),
    ],
)
def test_names(headers: str, name: str) -> None:
    """A part's name is read from its Content-Disposition, quoted or not."""
    assert [(name, "x")] == parse(body_of(part(headers)))


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; charset=utf-8; boundary=example",
        'multipart/form-data; boundary="example"',
        "Multipart/Form-Data;BOUNDARY=example",
    ],
)
def test_content_types(content_type: str) -> None:
    """The boundary is found wherever it stands in the content type."""
    body = body_of(part('Content-Disposition: form-data; name="a"'))
    assert [("a", "x")] == parse(body, content_type)


def test_repeats_and_lines() -> None:
    """Repeats are kept in order; a value may hold lines and what looks like a boundary."""
    value = "\r\n--exampl\r\n-- example\r\n\r\n"
    head = 'Content-Disposition: form-data; name="a"'
    assert [("a", value), ("a", "")] == parse(body_of(part(head, value), part(head, "")))


def test_windows_1251() -> None:
    """A value that is not UTF-8 is windows-1251 and warned of."""
    assert ([("a", "Иван")], [FieldWarning("a", NOT_UTF8)]) == multipart.parse(
        *sent([("a", (None, "Иван".encode("cp1251")))])
    )


@pytest.mark.parametrize(
    ("content_type", "body", "detail"),
    [
        ("multipart/form-data", b"", "multipart/form-data without a boundary"),
        ("multipart/form-data; boundary=", b"", "multipart/form-data without a boundary"),
        (CONTENT_TYPE, b"", "the body ends before its closing boundary"),
        (CONTENT_TYPE, b"a=1&b=2", "the body is not multipart/form-data of its boundary"),
        (
            CONTENT_TYPE,
            b"--other\r\n\r\n--other--",
            "the body is not multipart/form-data of its boundary",
        ),
        (
            CONTENT_TYPE,
            body_of(part('Content-Disposition: form-data; name="a"'))[:-20],
            "the body ends before its closing boundary",
        ),
        (
            CONTENT_TYPE,
            body_of(part("Content-Disposition form-data")),
            "the body is not multipart/form-data of its boundary",
        ),
    ],
)
def test_refuses(content_type: str, body: bytes, detail: str) -> None:
    """What is not multipart of its boundary is refused, and the detail quotes nothing of it."""
    with pytest.raises(Malformed) as caught:
        multipart.parse(body, content_type)
    assert detail == caught.value.detail


def test_logs_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """The parser's complaints, which quote the body, do not reach the root's handlers."""
    handler = logging.StreamHandler()
    logging.root.addHandler(handler)
    try:
        logging.getLogger("other").warning("heard")
        with pytest.raises(Malformed):
            multipart.parse(b"--example\r\nsecret secret\r\n", CONTENT_TYPE)
    finally:
        logging.root.removeHandler(handler)
    assert "heard\n" == capfd.readouterr().err


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), max_size=100
)


@given(st.lists(st.tuples(NAMES, st.binary()), min_size=1))
def test_round_trip(fields: list[tuple[str, bytes]]) -> None:
    """Any fields that a client sends come out: names, values, order, repeats."""
    body, content_type = sent([(name, (None, value)) for name, value in fields])
    read, _ = multipart.parse(body, content_type)
    assert [name for name, _ in fields] == [name for name, _ in read]
    for (_, value), (_, text) in zip(fields, read, strict=True):
        if text.encode("utf-8") != value:
            assert len(value) == len(text)  # windows-1251: a character a byte


PIECES = st.sampled_from(
    [
        b"--example",
        b"--",
        b"\r\n",
        b"\n",
        b": ",
        b"; ",
        b"Content-Disposition: form-data; ",
        b'name="',
        b"name=",
        b"name*=utf-8''x",
        b'"',
        b"\\",
        b"x",
        b"=",
        b"\xff",
        b"\x00",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=3)).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    """Any bytes give fields or `Malformed`."""
    for body in (data, b"--example\r\n" + data + b"\r\n--example--\r\n"):
        try:
            fields, _ = multipart.parse(body, CONTENT_TYPE)
        except Malformed:
            continue
        assert [] == [pair for pair in fields if not all(isinstance(text, str) for text in pair)]


@given(st.text(st.characters(max_codepoint=255)))
def test_any_content_type(rest: str) -> None:
    """Any header that HTTP can carry is read, or refused as any other."""
    with pytest.raises(Malformed):  # the part has no name, whatever the boundary
        multipart.parse(b"--a\r\n\r\nx\r\n--a--\r\n", "multipart/form-data;" + rest)
