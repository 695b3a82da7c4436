"""Bodies and connections that are made to cost much: memory, time, patience.

Times are compared with those of plain webhooks in the same run, never absolute.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from envybox.errors import RequestError
from envybox.google import document
from envybox.ports.store import Record
from envybox.receiver.request import MAX_BODY, MAX_FIELDS, read_fields
from envybox.webhook import encode_raw
from tests.samples import event_of
from tests.security.receiver import KEY, Receiver, Reply

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=b"
UNIQUE = "@" * 20
"""Where a body has this, it is sent with a number that no other has: none is a duplicate."""

RATIO = 40
"""How many times a plain webhook's time a bomb of its size may take."""


def filled(before: bytes, unit: bytes, after: bytes = b"", size: int = MAX_BODY) -> bytes:
    """Return a body of nearly the size, of as many units as have room."""
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


def part(name: bytes, value: bytes) -> bytes:
    """Return a part of a multipart body."""
    return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n"


FORM_KEY = f"key={KEY}".encode()
FORM_HEAD = FORM_KEY + f"&visitor_id={UNIQUE}".encode()
JSON_HEAD = f'{{"key":"{KEY}","visitor_id":"{UNIQUE}",'.encode()
PARTS_HEAD = part(b"key", KEY.encode()) + part(b"visitor_id", UNIQUE.encode())

BOMBS: dict[str, tuple[str, bytes]] = {
    "130,000 fields": (FORM, filled(FORM_HEAD, b"&a")),
    "10,000 fields, each its own": (
        FORM,
        FORM_HEAD + b"".join(b"&f%d=%d" % (i, i) for i in range(10_000)),
    ),
    "ampersands alone": (FORM, filled(FORM_HEAD, b"&")),
    "1,000 colliding names": (FORM, FORM_HEAD + b"&a[0]=1&a=1" * 499),
    "brackets, 20 deep, 900 times": (FORM, FORM_HEAD + (b"&a" + b"[b]" * 20 + b"=1") * 900),
    "brackets, 60,000 deep": (FORM, filled(FORM_HEAD + b"&a", b"[b]", b"=1")),
    "brackets that do not match": (FORM, filled(FORM_HEAD + b"&a", b"[", b"=1")),
    "a depth of 100,000 in a field": (
        FORM,
        FORM_HEAD + b"&custom_data=" + b"[" * 100_000 + b"]" * 100_000,
    ),
    "objects in objects in a field": (FORM, filled(FORM_HEAD + b"&custom_data=", b'{"a":')),
    "typographic quotes": (FORM, filled(FORM_HEAD + b"&managers_phones=[", "«»,".encode())),
    "managers without end": (
        FORM,
        filled(FORM_HEAD + b"&managers_phones=[1", b",79000000000", b"]"),
    ),
    "a transcript of headers": (
        FORM,
        filled(FORM_HEAD + b"&chat_text=", "[a, 12.01.2024 в 18:36]\n".encode()),
    ),
    "a transcript of half headers": (FORM, filled(FORM_HEAD + b"&chat_text=", b"[a, 12.01.")),
    "a transcript of marks": (FORM, filled(FORM_HEAD + b"&chat_text=", "\u200e".encode())),
    "a transcript of marks before headers": (
        FORM,
        filled(FORM_HEAD + b"&chat_text=", "\u200e\u202a[a, 12.01.2024 в 18:36]\n".encode()),
    ),
    "entities without end": (FORM, filled(FORM_HEAD + b"&chat_text=", b"%26#9")),
    "a JSON depth of 100,000": (
        JSON,
        JSON_HEAD + b'"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ),
    "a JSON depth that never ends": (JSON, filled(JSON_HEAD + b'"a":', b'{"a":')),
    "40,000 JSON members of one name": (JSON, filled(JSON_HEAD, b'"a":1,', b'"a":1}')),
    "30,000 small JSON lists": (JSON, filled(JSON_HEAD, b'"a":[],', b'"a":1}')),
    "escaped quotes in a list": (JSON, filled(JSON_HEAD + b'"a":[', b'\\"')),
    "escapes": (JSON, filled(JSON_HEAD + b'"a":"', b"\\u0041", b'"}')),
    "50,000 texts that are not UTF-8": (
        JSON,
        filled(JSON_HEAD + b'"a":[', b'"\xff",', b'""]}'),
    ),
    "a number of 200,000 digits": (JSON, filled(JSON_HEAD + b'"a":', b"9", b"}")),
    "a list of a long number": (JSON, filled(JSON_HEAD + b'"a":[', b"9", b"]}")),
    "5,000 parts": (MULTIPART, filled(PARTS_HEAD, part(b"a", b""), b"--b--\r\n")),
    "a part of line breaks": (MULTIPART, PARTS_HEAD + part(b"a", b"\r\n-" * 80_000) + b"--b--\r\n"),
    "boundaries nearly": (MULTIPART, PARTS_HEAD + part(b"a", b"\r\n--a" * 50_000) + b"--b--\r\n"),
    "a part of headers": (
        MULTIPART,
        filled(PARTS_HEAD + b"--b\r\n", b"A: b\r\n", b"\r\n\r\n--b--\r\n"),
    ),
    "a header without end": (MULTIPART, filled(PARTS_HEAD + b"--b\r\nA: ", b"b")),
    "a name of quotes": (
        MULTIPART,
        filled(PARTS_HEAD + b'--b\r\nContent-Disposition: form-data; name="', b'\\"', b'"\r\n\r\n'),
    ),
}


_NUMBERS = itertools.count(time.time_ns())


def unique(body: bytes) -> bytes:
    """Return a body with a number of its own."""
    return body.replace(UNIQUE.encode(), b"%020d" % next(_NUMBERS))


def fastest(attempt: Callable[[], Reply], times: int = 3) -> Reply:
    """Return the quickest of some replies: what others do on this machine only slows."""
    return min((attempt() for _ in range(times)), key=lambda reply: reply.seconds)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_more_than_a_plain_webhook_of_its_size(
    receiver: Receiver, name: str
) -> None:
    """It is taken or refused, never a 500, in the time of a plain webhook or a few."""
    content_type, body = BOMBS[name]
    assert len(body) <= MAX_BODY
    plain = filled(FORM_HEAD + b"&webhooktype=4&name=", b"x", size=len(body))
    peer = fastest(lambda: receiver.post(unique(plain)))
    assert 200 == peer.status
    reply = fastest(lambda: receiver.post(unique(body), content_type))
    assert reply.status in (200, 400)
    assert b"duplicate" not in reply.body
    assert reply.seconds < RATIO * peer.seconds


def document_seconds(content_type: str, body: bytes) -> float:
    """Return the CPU time that a body's document for Firestore takes; raises `RequestError`."""
    fields, _ = read_fields(body, content_type)
    record = Record(event=event_of(fields), raw=encode_raw(fields), topic="envybox-unknown")
    times = []
    for _ in range(3):
        started = time.thread_time()
        document.build(record, "events/0")
        times.append(time.thread_time() - started)
    return min(times)


def test_a_bombs_document_costs_little_more_than_a_chats() -> None:
    """For Firestore too: at most 200 times what a chat of a tenth of a bomb's size takes.

    The dearest takes some 35 times that.
    """
    line = "[М, 12.01.2024 в 18:36]\n Здравствуйте! Чем могу помочь?\n".encode()
    chat = filled(FORM_KEY + b"&webhooktype=12&chat_text=", line, size=MAX_BODY // 10)
    peer = document_seconds(FORM, chat)
    costs = {}
    for name, bomb in BOMBS.items():
        with suppress(RequestError):
            costs[name] = document_seconds(*bomb) / peer
    assert len(costs) > 10
    assert {} == {name: cost for name, cost in costs.items() if cost > 200}


@pytest.mark.parametrize("length", [True, False], ids=["with Content-Length", "chunked"])
def test_memory_stays_bounded_under_bodies_that_are_too_large(
    receiver: Receiver, *, length: bool
) -> None:
    """Eight clients at a time send 24 MB each: 413 for all, and no more memory than before."""
    size = 24 * 1024 * 1024
    piece = b"x" * 65536
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
    head += f"Content-Length: {size}\r\n\r\n" if length else "Transfer-Encoding: chunked\r\n\r\n"

    def send(_: int) -> bytes:
        with receiver.connect() as connection:
            received = b""
            with suppress(ConnectionError):  # it had enough
                connection.sendall(head.encode())
                for _ in range(size // len(piece)):
                    data = piece if length else b"10000\r\n" + piece + b"\r\n"
                    connection.sendall(data)
            with suppress(ConnectionError):  # the answer was lost with what was still being sent
                received = connection.recv(65536)
            return received

    def load() -> list[bytes]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(send, range(16)))

    load()
    before = receiver.peak()
    answers = load()
    assert {b"HTTP/1.1 413"} == {answer[:12] for answer in answers if answer}
    assert receiver.peak() - before < 16 * 1024 * 1024


def test_memory_stays_bounded_under_bombs(receiver: Receiver) -> None:
    """All bombs at once, eight clients, again and again: memory does not keep growing."""

    def load() -> None:
        with ThreadPoolExecutor(8) as pool:
            replies = pool.map(lambda bomb: receiver.post(unique(bomb[1]), bomb[0]), BOMBS.values())
            assert {200, 400} == {reply.status for reply in replies}

    load()
    load()
    before = receiver.peak()
    for _ in range(3):
        load()
    assert receiver.peak() - before < 48 * 1024 * 1024


def test_bodies_that_never_come_hold_nobody_up(receiver: Receiver) -> None:
    """A hundred clients that send a byte and wait cost the others no time to speak of."""

    def quick() -> float:
        return statistics.median(
            receiver.post(f"webhooktype=4&key={KEY}&visitor_id={i}".encode()).seconds
            for i in range(9)
        )

    before = quick()
    slow = [receiver.connect() for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nk")
        assert quick() < 10 * before + 0.05
    finally:
        for connection in slow:
            connection.close()


LIES: dict[str, tuple[bytes, set[int]]] = {
    "longer than it says": (b"Content-Length: 5\r\n\r\n" + b"a=1&b=2&c=3", {400, 403}),
    "shorter than it says": (b"Content-Length: 500\r\n\r\na=1", {0, 400}),
    "negative": (b"Content-Length: -5\r\n\r\na=1", {400}),
    "no number": (b"Content-Length: many\r\n\r\na=1", {400}),
    "a number of 5,000 digits": (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\na=1", {400, 413}),
    "two that differ": (b"Content-Length: 3\r\nContent-Length: 9\r\n\r\na=1", {400}),
    "two that agree": (b"Content-Length: 3\r\nContent-Length: 3\r\n\r\na=1", {400, 403}),
    "and chunked": (
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n",
        {400, 403},
    ),
    "chunks that are none": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\na=1\r\n", {400}),
    "another encoding": (b"Transfer-Encoding: gzip\r\n\r\na=1", {400, 403, 501}),
}


@pytest.mark.parametrize("name", LIES)
def test_a_length_that_is_a_lie_is_refused(receiver: Receiver, name: str) -> None:
    """Whatever the headers say of the body's length, nothing worse than a 4xx comes of it."""
    data, statuses = LIES[name]
    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\n".encode()
    assert receiver.raw(head + data, finish=True).status in statuses


HEADERS: dict[str, bytes] = {
    "a thousand": b"".join(b"X-%d: 1\r\n" % i for i in range(1000)),
    "one of 200 kB": b"X: " + b"y" * 200_000 + b"\r\n",
    "a name of 100 kB": b"x" * 100_000 + b": 1\r\n",
    "bytes": b"X: \xff\xfe\x80\r\n",
    "a line break": b"X: a\r\n b\r\n",
    "no colon": b"X\r\n",
    "NUL": b"X: \0\r\n",
    "two content types": b"Content-Type: application/json\r\n",
    "two keys' worth": b"Key: " + KEY.encode() + b"\r\n",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_are_abused_are_refused_or_ignored(receiver: Receiver, name: str) -> None:
    """Headers without bound or sense cost a 4xx or nothing; the receiver goes on."""
    body = f"webhooktype=4&key={KEY}&name={name}".encode()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + HEADERS[name]
    head += f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert receiver.raw(head + body).status in {0, 200, 400, 415, 431}
    assert 200 == receiver.post(body + b"&again=1").status


def test_exactly_the_limits_are_taken(receiver: Receiver) -> None:
    """256 KiB and 1,000 fields are taken, one more of either is not."""
    start = FORM_KEY + b"&webhooktype=4&a="
    most = start + b"x" * (MAX_BODY - len(start))
    assert (200, 413) == (receiver.post(most).status, receiver.post(most + b"x").status)
    fields = FORM_KEY + b"".join(b"&f%d=1" % i for i in range(MAX_FIELDS - 1))
    assert (200, 400) == (receiver.post(fields).status, receiver.post(fields + b"&z=1").status)
