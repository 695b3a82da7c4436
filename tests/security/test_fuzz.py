"""Anything at all over HTTP: no 500, no traceback, and the key comes out nowhere.

A short run of fixed examples belongs to every test run; `FUZZ_SECONDS=600 pytest
tests/security/test_fuzz.py` is a long one, another each time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.security.receiver import KEY, Receiver, Reply

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
GOOD = {200, 400, 403, 404, 405, 413, 415}
"""What input can bring. 404 is the framework's, for /robots.txt and /favicon.ico."""

fuzzed = settings(
    max_examples=400,
    derandomize=not SECONDS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)

NAMES = st.sampled_from(
    [
        *("webhooktype", "key", "phone", "name", "email", "call_state", "call_id", "called_at"),
        *("chat_id", "chat_text", "message", "created_at", "site", "url", "referrer"),
        *("custom_data", "managers_phones", "visitor_id", "utm_source"),
        *("key[]", "key[0]", "a[b][c]", "a[", "a]", "[]", "__x__"),
    ]
) | st.text(max_size=30)
ODD = st.sampled_from(
    [
        KEY,
        f"https://example.com/?key={KEY}",
        json.dumps({"a": [KEY, {KEY: KEY}]}),
        "".join(f"\\u{ord(character):04x}" for character in KEY),
        "".join(f"&#{ord(character)};" for character in KEY),
        KEY.upper(),
        quote(quote(f"?key={KEY}", safe=""), safe=""),
        "[" * 3000 + "]" * 3000,
        '{"a":' * 300 + "1" + "}" * 300,
        "1e999",
        "NaN",
        "9" * 5000,
        "\ud800",
        "\0",
        "[Автоответ, 12.01.2024 в 18:36]\n &quot;да&quot;",
        "[a, 99.99.0000 в 99:99]",
        "&#" + "9" * 1000 + ";",
        "Заказ звонка на 31.02.2021 в 25:00:00",
        "0000-00-00 00:00:00",
        "9999-12-31 23:59:59",
        "0001-01-01 00:00:00",
        "+" * 300,
        "8 (900) 000-00-00",
        "[{«manager_name»:»»,»phone»:»79000000000″}]",
    ]
)
VALUES = ODD | st.text(max_size=60)
METHODS = st.sampled_from(["POST"] * 8 + ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, str | None]:
    """Return a body and its content type: sound, or sound and then bitten, or any bytes."""
    pairs = draw(PAIRS)
    if draw(st.integers(0, 4)):
        pairs.insert(0, ("key", KEY))
    kind = draw(st.sampled_from(["form", "json", "multipart", "bytes", "none"]))
    content_type: str | None
    if kind == "json":
        body = json.dumps(dict(pairs)).encode()
        content_type = draw(st.sampled_from(["application/json", "application/json; charset=x"]))
    elif kind == "multipart":
        body, content_type = _multipart(pairs, draw(st.sampled_from(["b", KEY, "-", "b" * 70])))
    elif kind == "bytes":
        body = draw(st.binary(max_size=300))
        content_type = draw(
            st.sampled_from(
                [
                    "application/json",
                    "multipart/form-data; boundary=b",
                    "multipart/form-data",
                    'multipart/form-data; boundary="b; x=\\"',
                    "application/x-www-form-urlencoded; charset=utf-16",
                    "text/plain",
                    "",
                    KEY,
                ]
            )
        )
    else:
        body = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()
        content_type = None if kind == "none" else "application/x-www-form-urlencoded"
    if body and draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(body) - 1))
        body = body[:at] + draw(st.binary(max_size=3)) + body[at + draw(st.integers(0, 5)) :]
    return body, content_type


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def _multipart(pairs: list[tuple[str, str]], boundary: str) -> tuple[bytes, str]:
    body = b""
    for index, (name, value) in enumerate(pairs):
        file = f'; filename="{KEY}.txt"\r\nContent-Type: text/{KEY}' if index % 3 == 2 else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += (head + value + "\r\n").encode("utf-8", "surrogatepass")
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


TARGETS = st.sampled_from(
    ["/", f"/?key={KEY}", f"/{KEY}", "/robots.txt", "//", "/%00", "/?a[b=%ff"]
)
HEADERS = st.lists(
    st.sampled_from(
        [
            f"X-Key: {KEY}",
            f"Authorization: Bearer {KEY}",
            f"Cookie: key={KEY}",
            "traceparent: 00-" + "0" * 32 + "-" + "0" * 16 + "-01",
            "traceparent: " + "9" * 200,
            "X-Cloud-Trace-Context: " + "a" * 32 + "/99999999999999999999;o=1",
            "X-Cloud-Trace-Context: " + "a" * 32 + "/;o=",
            "Expect: 100-continue",
            "Content-Encoding: gzip",
            "Accept: \xff\xfe",
            "Function-Execution-Id: " + "x" * 500,
            "Range: bytes=0-",
        ]
    ),
    max_size=3,
    unique=True,
).map(tuple)


def check(reply: Reply) -> None:
    """Fail where an answer is none of those that there are."""
    assert reply.status in GOOD, reply.data[:200]
    assert KEY.encode() not in reply.data
    assert b"Traceback" not in reply.data


def repeat(examples: Callable[[], None]) -> None:
    """Run a set of examples; in a long run more of them, until its time is up."""
    stop_at = time.monotonic() + SECONDS / 2  # there are two that do
    examples()
    while time.monotonic() < stop_at:
        examples()


def test_any_request_gets_an_answer_of_the_contract(receiver: Receiver) -> None:
    """Whatever method, target, headers, content type and body: no 500, nothing of the key."""

    @fuzzed
    @given(request=bodies(), target=TARGETS, headers=HEADERS, method=METHODS)
    def examples(
        request: tuple[bytes, str | None], target: str, headers: tuple[str, ...], method: str
    ) -> None:
        body, content_type = request
        check(receiver.post(body, content_type, target=target, method=method, headers=headers))

    repeat(examples)


def test_any_bytes_on_a_connection_do_no_harm(receiver: Receiver) -> None:
    """What is not even HTTP is answered with a 4xx or a closed connection."""

    @fuzzed
    @given(data=st.binary(max_size=400), finish=st.booleans())
    def examples(data: bytes, finish: bool) -> None:
        sent = data.replace(b"\n", b"\r\n") + b"\r\n\r\n"
        reply = receiver.raw(sent, finish=finish, patience=0.3)  # it may wait for more
        assert reply.status in GOOD | {0, 431}, reply.data[:200]

    repeat(examples)


@pytest.mark.parametrize(
    "where", ["value", "name", "url", "json", "escaped", "html", "file", "query", "bytes"]
)
def test_the_key_in_odd_places_is_blacked_out(receiver: Receiver, where: str) -> None:
    """A sound webhook that holds its key elsewhere too is taken, without it."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    placed = {
        "value": f"note=my+{KEY}+key",
        "name": f"x{KEY}=1",
        "url": "url=" + quote(f"https://example.com/?key={KEY}&a=b"),
        "json": "custom_data=" + quote(json.dumps({"key": KEY, KEY: [KEY]})),
        "escaped": "custom_data=" + quote(f'{{"a":"{escaped}"}}'),
        "html": "chat_text=" + quote("".join(f"&#{ord(character)};" for character in KEY)),
        "file": f"key[0]={KEY}&key[name]=x",
        "query": "a=1",
        "bytes": f"{KEY}=%ff",
    }[where]
    target = f"/?key={KEY}&b={KEY}" if where == "query" else "/"
    reply = receiver.post(f"webhooktype=4&key={KEY}&{placed}".encode(), target=target)
    assert 200 == reply.status
    assert KEY not in receiver.kept()


def test_after_all_of_it_the_key_is_nowhere(receiver: Receiver) -> None:
    """No document, message or log line of this module's requests holds the key."""
    reply = receiver.post(f"webhooktype=4&key={KEY}&name=last".encode())
    assert 200 == reply.status
    kept = receiver.kept()
    assert KEY not in kept
    assert "Traceback" not in kept
    lines = [json.loads(line) for line in receiver.function.log if line.startswith("{")]
    assert lines
    assert [] == [line for line in lines if "stack" in line]
    assert [] == [line for line in receiver.function.log if not line.startswith("{")]
