"""The contract's table of requests and answers, row by row."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.contract.receiver import KEY, OTHER_KEY, Receiver
from tests.contract.samples import new_call, new_lead

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


def test_published(receiver: Receiver) -> None:
    """A webhook with a known key is answered `published` and an id of 32 hex digits."""
    answer = receiver.post(new_call())
    assert (200, "published") == (answer.status_code, answer.json()["status"])
    assert {"status", "id"} == set(answer.json())
    assert 32 == len(answer.json()["id"])
    assert "application/json" == answer.headers["content-type"]
    int(answer.json()["id"], 16)


def test_duplicate(receiver: Receiver) -> None:
    """The same webhook again is answered `duplicate` and the first one's id."""
    webhook = new_call()
    first = receiver.post(webhook).json()
    again = receiver.post(webhook)
    assert (200, {"status": "duplicate", "id": first["id"]}) == (again.status_code, again.json())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([], id="none"),
        pytest.param([("key", OTHER_KEY)], id="unknown"),
        pytest.param([("key", KEY.upper())], id="upper case"),
        pytest.param([("key", KEY + "0")], id="longer"),
        pytest.param([("key", KEY[:-1])], id="shorter"),
        pytest.param([("key", "")], id="empty"),
        pytest.param([("key", KEY), ("key", KEY)], id="twice"),
        pytest.param([("key", OTHER_KEY), ("key", KEY)], id="two"),
        pytest.param([("key[]", KEY)], id="in brackets"),
        pytest.param([("Key", KEY)], id="capital"),
        pytest.param([("key", "ключ")], id="not ASCII"),
    ],
)
def test_invalid_key(receiver: Receiver, fields: list[tuple[str, str]]) -> None:
    """No key, a wrong one and more than one are refused alike."""
    answer = receiver.post([*new_call().items(), *fields], key=None)
    assert (403, {"error": "invalid_key"}) == (answer.status_code, answer.json())


def test_key_in_url(receiver: Receiver) -> None:
    """A key in the URL does not count."""
    answer = receiver.post(new_call(), key=None, params={"key": KEY})
    assert (403, {"error": "invalid_key"}) == (answer.status_code, answer.json())


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 1000):
        yield b"a" * 1000


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large(receiver: Receiver, *, chunked: bool) -> None:
    """A body over 256 KiB is refused, with or without a Content-Length."""
    head = f"key={KEY}&name=".encode()
    body = head + b"a" * (256 * 1024 + 1 - len(head))
    content = iter([body]) if chunked else body
    answer = receiver.request("POST", content=content, headers=FORM)
    assert (413, {"error": "too_large"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("chunked", [False, True])
def test_just_not_too_large(receiver: Receiver, *, chunked: bool) -> None:
    """A body of 256 KiB is taken, with or without a Content-Length."""
    head = f"key={KEY}&webhooktype=4&chunked={chunked}&name=".encode()
    body = head + b"a" * (256 * 1024 - len(head))
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = receiver.request("POST", content=content, headers=FORM)
    assert (200, "published") == (answer.status_code, answer.json()["status"])


def test_connection_survives_too_large(receiver: Receiver) -> None:
    """A sender that keeps sending what is too large still reads the answer."""
    answer = receiver.request("POST", content=_chunks(5_000_000), headers=FORM)
    assert 413 == answer.status_code


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(f"key={KEY}".encode() + b"&a=1" * 1000, FORM, id="1,001 fields"),
        pytest.param(b"{", JSON, id="not JSON"),
        pytest.param(b"", JSON, id="empty JSON"),
        pytest.param(b'["key"]', JSON, id="JSON that is no object"),
        pytest.param(b'{"key": NaN}', JSON, id="NaN"),
        pytest.param(b"a=1", {"content-type": "multipart/form-data"}, id="no boundary"),
        pytest.param(
            b"a=1", {"content-type": "multipart/form-data; boundary=x"}, id="not multipart"
        ),
        pytest.param(
            b'--x\r\ncontent-disposition: form-data; name="key"\r\n\r\n' + KEY.encode(),
            {"content-type": "multipart/form-data; boundary=x"},
            id="cut off",
        ),
    ],
)
def test_malformed(receiver: Receiver, body: bytes, headers: dict[str, str]) -> None:
    """Too many fields, or a body that is not its content type, is told so."""
    answer = receiver.request("POST", content=body, headers=headers)
    assert (400, "malformed") == (answer.status_code, answer.json()["error"])
    assert {"error", "detail"} == set(answer.json())
    assert KEY not in answer.text


def test_unsupported_media_type(receiver: Receiver) -> None:
    """Another content type is refused."""
    headers = {"content-type": "text/xml"}
    answer = receiver.request("POST", content=f"key={KEY}".encode(), headers=headers)
    assert (415, {"error": "unsupported_media_type"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_up(receiver: Receiver, method: str) -> None:
    """GET and HEAD say that the receiver is up, and where its URL goes."""
    answer = receiver.request(method)
    assert 200 == answer.status_code
    assert ("Envybox" in answer.text) == (method == "GET")


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "BREW"]
)
def test_method_not_allowed(receiver: Receiver, method: str) -> None:
    """Another method is refused, and told which are served, also one that nobody knows."""
    answer = receiver.request(method)
    assert (405, "GET, HEAD, POST") == (answer.status_code, answer.headers["allow"])
    assert {"error": "method_not_allowed"} == answer.json()


def test_compressed(receiver: Receiver) -> None:
    """A body that is compressed is told so, and not that its key is wrong."""
    body = gzip.compress(f"key={KEY}&webhooktype=4".encode())
    headers = FORM | {"content-encoding": "gzip"}
    answer = receiver.request("POST", content=body, headers=headers)
    assert (415, {"error": "unsupported_media_type"}) == (answer.status_code, answer.json())


def test_multipart(receiver: Receiver) -> None:
    """A multipart body is a webhook as well."""
    document = receiver.accepted(new_call(), multipart=True)
    assert "+79998887766" == document["visitor"]["phone"]


def test_json(receiver: Receiver) -> None:
    """A JSON object is a webhook as well: scalars become text, the rest JSON text."""
    webhook = new_lead() | {
        "key": KEY,
        "phone": 79000000001,
        "google_client_id": 1.10,
        "email": None,
        "custom_data": {"a": [1, [2]]},
        "new": True,
    }
    answer = receiver.request("POST", json=webhook)
    assert "published" == answer.json()["status"]
    document = receiver.published(answer.json()["id"])
    assert "+79000000001" == document["visitor"]["phone"]
    assert ("1.1", None) == (document["ids"]["google_client_id"], document["visitor"]["email"])
    assert {"new": "true"} == document["extra"]


def test_missing_content_type(receiver: Receiver) -> None:
    """A body without a content type is read as a form."""
    lead = new_lead()
    body = "&".join(f"{name}={value}" for name, value in lead.items()) + f"&key={KEY}"
    answer = receiver.request("POST", content=body.encode())
    assert "published" == answer.json()["status"]


def test_query_counts_where_the_body_has_none(receiver: Receiver) -> None:
    """A query parameter is a field unless the body has one of its name."""
    document = receiver.accepted(
        new_lead(name="Body"), params={"name": "Query", "utm_source": "query"}
    )
    assert ("Body", "query") == (document["visitor"]["name"], document["utm"]["source"])


def test_windows_1251(receiver: Receiver) -> None:
    """Bytes that are not UTF-8 are read as windows-1251, with a warning."""
    lead = new_lead()
    body = b"&".join(f"{name}={value}".encode() for name, value in lead.items())
    body += b"&name=\xcf\xf0\xe8\xe2\xe5\xf2&key=" + KEY.encode()
    answer = receiver.request("POST", content=body, headers=FORM)
    document = receiver.published(answer.json()["id"])
    assert "Привет" == document["visitor"]["name"]
    assert "name" == document["warnings"][0]["field"]


def test_any_path(receiver: Receiver) -> None:
    """The URL's path does not matter."""
    url = urlsplit(receiver.url)
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(b"HEAD /some/where HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_recover_takes_posts_alone(receiver: Receiver, method: str) -> None:
    """`recover` refuses other methods, and tells which is served."""
    answer = receiver.recover(method=method)
    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


def test_recover_malformed(receiver: Receiver) -> None:
    """`recover` refuses a body that is not Pub/Sub's."""
    answer = receiver.recover(b'{"message": 1}')
    assert (400, "malformed") == (answer.status_code, answer.json()["error"])
