from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.errors import Malformed
from envybox.event import FieldWarning
from envybox.receiver.request import multipart
from envybox.receiver.request.text import NOT_UTF8, decode
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
        ("Content-Disposition form-data", ""),
        ("Content-Type: text/plain", ""),
        # As PHP takes them.
        ('Content-Disposition: form-data; NAME="a"', "a"),
        ('Content-Disposition:form-data; name = "a"', "a"),
        ('Content-Disposition: name="a"', "a"),
        ('Content-Disposition: attachment; name="a"', "a"),
        ('Content-Disposition: form-data; filename="; name=b"; name="a"', "a"),
        ('Content-Disposition: form-data; filename=""; name="a"', "a"),
        ('Content-Disposition: form-data; name="a', "a"),
        ("Content-Disposition: form-data; name='a'; x=y", "a"),
        ("Content-Disposition: form-data; name*=utf-8''b; name=\"a\"", "a"),
        ('Content-Disposition: form-data;\r\n name="a"', "a"),
        ('Content-Disposition: form-data;\r\n\tname="a"', "a"),
        ('Content-Disposition:\r\n  form-data;\r\n   name="a"', "a"),
        ("\r\n".join(f"X-{n}: 1" for n in range(12)) + '\r\nContent-Disposition: f; name="a"', "a"),
        ("X: " + "y" * 5000 + '\r\nContent-Disposition: form-data; name="a"', "a"),
        ('no header\r\nContent-Disposition: form-data; name="a"', "a"),
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
        "multipart/form-data, boundary=example",
        "multipart/form-data boundary=example",
        "multipart/form-data; boundary=example, charset=utf-8",
        "multipart/form-data; boundary=example; charset=utf-8",
        "multipart/form-data; boundary = example ",
        "multipart/form-data; boundary=example, multipart/form-data; boundary=example",
        "multipart/form-data; xboundary=other; boundary=example",
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
        (CONTENT_TYPE, b"", "the body is not multipart/form-data of its boundary"),
        (CONTENT_TYPE, b"--example\r\n", "the body ends before its closing boundary"),
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
    ],
)
def test_refuses(content_type: str, body: bytes, detail: str) -> None:
    """What is not multipart of its boundary is refused, and the detail quotes nothing of it."""
    with pytest.raises(Malformed) as caught:
        multipart.parse(body, content_type)
    assert detail == caught.value.detail


A = 'Content-Disposition: form-data; name="a"'
BODY = body_of(part(A, "1"), part('Content-Disposition: form-data; name="b"', "2\r\n3"))


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n\r\n" + BODY,
        b"This is a multi-part message.\r\n\r\n" + BODY,
        b"\xef\xbb\xbf" + BODY,
        BODY.replace(b"--example\r\n", b"--example  \t\r\n"),
        BODY + b"bye\r\n--example\r\nbye",
        BODY.removesuffix(b"\r\n"),
        BODY.removesuffix(b"\r\n") + b" \r\n",
        BODY.replace(b"2\r\n3", b"@").replace(b"\r\n", b"\n").replace(b"@", b"2\r\n3"),
    ],
    ids=[
        "blank lines before",
        "preamble",
        "byte order mark",
        "blanks after boundaries",
        "epilogue",
        "no line break at the end",
        "a blank at the end",
        "line feeds alone",
    ],
)
def test_bodies_as_php_takes_them(body: bytes) -> None:
    """What PHP reads is read, though RFC 2046 has it otherwise."""
    assert [("a", "1"), ("b", "2\r\n3")] == parse(body)


@pytest.mark.parametrize("length", [1, 70, 291, 5000])
def test_boundaries_of_any_length(length: int) -> None:
    """A boundary may be longer than the 70 characters of RFC 2046."""
    boundary = "X" * length
    body = BODY.replace(b"example", boundary.encode())
    assert [("a", "1"), ("b", "2\r\n3")] == parse(body, f"multipart/form-data; boundary={boundary}")


def test_part_without_an_end_of_headers() -> None:
    """A part that has no blank line is headers alone, and its value is empty."""
    assert [("a", "")] == parse(f"--example\r\n{A}\r\n--example--".encode())


def test_part_without_headers() -> None:
    """A part may have no headers at all, and then it has no name."""
    assert [("", "x")] == parse(b"--example\r\n\r\nx\r\n--example--")


def test_boundary_within_a_line() -> None:
    """A boundary counts at the beginning of a line, and with nothing after it."""
    value = "x--example\r\n--examples\r\n--example x"
    assert [("a", value)] == parse(body_of(part(A, value)))


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
        assert decode(value)[0] == text


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
    try:
        fields = parse(b"--a\r\n\r\nx\r\n--a--\r\n", "multipart/form-data;" + rest)
    except Malformed:
        return
    assert [("", "x")] == fields
