from __future__ import annotations

import pytest

from envybox.operator.console.safety import HEADERS, hosts
from tests.operator.console.support import HOME, Client, Store

PATHS = ("/", "/events", "/events.json", "/events/live", "/events/panel", "/static/live.js",
    "/call?id=1", "/find?q=1", "/language/ru", "/nothing", "/health", "/health.json")  # fmt: skip
TOKEN = "a-token-of-this-start"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example:8090", "localhost", "localhost:8091", "127.0.0.1.evil.example:8090", ""]
)
def test_another_host_is_refused(client: Client, path: str, host: str) -> None:
    """A name that is pointed at this machine reaches nothing, whatever it asks for."""
    answer = client.get(path, headers={"host": host})
    assert (421, True) == (answer.status_code, "not the console's address" in answer.text)


@pytest.mark.parametrize("host", ["localhost:8090", "127.0.0.1:8090", "[::1]:8090"])
def test_the_machine_itself_is_let_in(client: Client, host: str) -> None:
    """Loopback's names with the console's port are its addresses."""
    assert 200 == client.get("/events", headers={"host": host}).status_code


def test_two_hosts_are_refused(client: Client) -> None:
    """Two headers Host, which a proxy and a server may read differently, are none of ours."""
    headers = [("host", "localhost:8090"), ("host", "evil.example")]
    assert 421 == client.get("/events", headers=headers).status_code


def test_port_80_may_be_left_out() -> None:
    """A browser leaves the port of plain HTTP out, and an IPv6 address stands in brackets."""
    assert {"localhost", "[fd00::1]", "localhost:80"} <= hosts("fd00::1", 80)
    assert "localhost" not in hosts("127.0.0.1", 8090)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:8091"}, 403),
        ({"sec-fetch-site": "same-origin"}, 405),
        ({"sec-fetch-site": "none"}, 405),
        ({"origin": HOME}, 405),
        ({}, 405),
    ],
)
def test_what_changes_anything_comes_from_here(
    client: Client, headers: dict[str, str], status: int
) -> None:
    """A POST of another site's page is refused; one of the console's or of no browser is not."""
    assert status == client.post("/events", headers=headers).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-dest": "empty"}, 403),
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "empty"}, 200),
    ],
)
def test_another_page_may_link_and_no_more(
    client: Client, headers: dict[str, str], status: int
) -> None:
    """A link on another page leads here; its scripts, pictures and frames get nothing."""
    assert status == client.get("/events.json", headers=headers).status_code


@pytest.mark.parametrize("path", PATHS[1:4] + PATHS[5:])
def test_headers_are_on_every_answer(client: Client, path: str) -> None:
    """Pages, data, files, the stream's refusal and errors carry the policy, and no CORS header."""
    answer = client.get(path)
    assert HEADERS == {name: answer.headers[name] for name in HEADERS}
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_policy_is_strict(client: Client) -> None:
    """Nothing inline runs, nothing is fetched, framed or sent elsewhere, and nothing is kept."""
    headers = client.get("/events").headers
    parts = headers["content-security-policy"].split(";")
    policy = dict(part.strip().partition(" ")[::2] for part in parts)
    assert "'none'" == policy.pop("default-src")
    assert "'self' data:" == policy.pop("img-src")
    assert {"base-uri": "'none'", "frame-ancestors": "'none'"} == {
        name: policy.pop(name) for name in ("base-uri", "frame-ancestors")
    }
    assert {"script-src", "style-src", "connect-src", "form-action"} == set(policy)
    assert {"'self'"} == set(policy.values())
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ):
        assert value == headers[name]


def test_a_refusal_has_the_headers_too(client: Client) -> None:
    """What is refused by the guard is no exception."""
    answer = client.get("/events", headers={"host": "evil.example"})
    assert HEADERS == {name: answer.headers[name] for name in HEADERS}


def test_the_token_becomes_a_cookie(store: Store) -> None:
    """The printed link opens the console once for all, and leaves no token in the address."""
    client = store.client(token=TOKEN, deployed=True)
    assert 403 == client.get("/events").status_code
    answer = client.get(f"/events?type=call.info&token={TOKEN}")
    assert (303, "/events?type=call.info") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert 200 == client.get("/events").status_code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], "фальшь"])
def test_without_the_token_there_is_nothing(store: Store, path: str, token: str) -> None:
    """Another user of this machine gets no page, no data, no stream and no file."""
    client = store.client(token=TOKEN)
    answer = client.get(path, params={"token": token} if token else None)
    assert 403 == answer.status_code
    assert TOKEN not in answer.text


def test_the_token_is_for_opening_alone(store: Store) -> None:
    """A POST with the token in its URL is refused: it takes the cookie."""
    client = store.client(token=TOKEN)
    assert 403 == client.post(f"/events?token={TOKEN}").status_code


def test_the_token_leads_nowhere_else(store: Store) -> None:
    """A path that browsers would take for another host stays a path of this one."""
    client = store.client(token=TOKEN)
    answer = client.get(f"{HOME}//evil.example/?token={TOKEN}")
    assert "/evil.example/" == answer.headers["location"]


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_the_language_leads_nowhere_else(client: Client, back: str) -> None:
    """The way back from choosing a language is a path of the console's."""
    answer = client.get("/language/ru", params={"back": back})
    assert "/" == answer.headers["location"]
