"""The console on Firestore as Terraform makes it: a query without its index is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc
import msgspec
import pytest

from envybox.operator.console.desk import Desk
from envybox.operator.place import Place
from envybox.tools import emulators
from tests.gateway import deployment, proxy
from tests.gateway.deployment import Deployment
from tests.gateway.proxy import Gateway, Token
from tests.gateway.rules import FIRESTORE
from tests.operator.console.support import CALL, FORM, Client, Store
from tests.operator.console.test_live import FIRST, Answer
from tests.operator.console.test_stories import CHAT
from tests.operator.worlds import World, an_event, next_project

pytestmark = pytest.mark.emulator

LISTS = ("type=call.info", "state=answered", "site=example.com", "account=shop", "warnings=1",
    "pending=1", "phone=79000000000", "email=anna%40example.com", "visitor=100000001",
    "call=9000001", "chat=7000005", "since=2026-01-01", "since=2026-01-01&until=2026-12-31",
    "type=call.info&since=2026-01-01", "type=call.info&state=answered&site=example.com",
    "type=call.info&state=answered&site=example.com&account=shop&since=2026-01-01",
    "pending=1&site=example.com&type=call.info", "warnings=1&site=example.com",
    "call=9000001&type=call.info&account=shop&since=2026-01-01")  # fmt: skip


class _Door(proxy._Door):
    """Passes on by-the-way what the functions never ask: several documents by their ids."""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if not details.method.endswith("/BatchGetDocuments"):
            return super().service(details)
        call = self._gateway._channel.unary_stream(details.method)
        owner = [("authorization", "Bearer owner")]
        return grpc.unary_stream_rpc_method_handler(
            lambda data, _: call(data, metadata=owner, timeout=30)
        )


class Strict(NamedTuple):
    """A console, the world behind it, and the gateway between them."""

    client: Client
    world: World
    gateway: Gateway


@pytest.fixture
def made() -> Deployment:
    """What Terraform makes."""
    return deployment.load(next_project())


@pytest.fixture
def strict(
    made: Deployment, hosts: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[Strict]:
    """A console on a named database behind the gateway, with a call, a form and a chat."""
    monkeypatch.setattr(proxy, "_Door", _Door)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    _, project, _, database = made.database.split("/")
    emulators.create_topics(hosts[1], project, "envybox-")
    gateway = Gateway(hosts[0], FIRESTORE, made)
    environ = {
        "ENVYBOX_BACKEND": "google",
        "ENVYBOX_DATABASE": database,
        "GOOGLE_CLOUD_PROJECT": project,
        "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{gateway.door({'owner': Token('webhook')})}",
        "PUBSUB_EMULATOR_HOST": hosts[1],
    }
    world = World(environ, monkeypatch)
    world.put(*(an_event(list(fields.items())) for fields in (CALL, FORM, CHAT)))
    world.put(an_event(list((CALL | {"call_id": "9000002"}).items())), published=False)
    yield Strict(Store.client_of(Desk.of(Place({}))), world, gateway)
    gateway.close()


def _ids(page: str) -> set[str]:
    return set(re.findall(r'id="e-([0-9a-f]{32})"', page))


def test_every_list_has_its_index(strict: Strict) -> None:
    """Whatever is filtered by, the page, its counts and its data are there."""
    everything = _ids(strict.client.get("/events?period=all").text)
    assert 4 == len(everything)
    for query in ("", *LISTS):
        for path in ("/events", "/events/panel", "/events.json"):
            answer = strict.client.get(f"{path}?{query}")
            assert 200 == answer.status_code, (path, query, answer.text)
    assert everything > _ids(strict.client.get(f"/events?{LISTS[4]}&period=all").text)
    assert 1 == len(_ids(strict.client.get("/events?pending=1").text))
    assert [] == strict.gateway.refused


def test_every_page_has_its_index(strict: Strict) -> None:
    """An event, a story, a search, a download, the checks and the stream are there."""
    (first,) = _ids(strict.client.get("/events?call=9000001").text)
    for path in (f"/events/{first}", f"/events/{first}.json", f"/events/{first}/publish",
        "/call?id=9000001", "/call.json?id=9000001", "/chat?id=7000005&account=shop",
        "/visitor?id=100000001", "/health", "/health.json", "/events/export.csv"):  # fmt: skip
        answer = strict.client.get(path)
        assert 200 == answer.status_code, (path, answer.text)
    for text in ("9000001", "79000000004", "anna@example.com", "example.com", "7000005"):
        assert 303 == strict.client.get("/find", params={"q": text}).status_code
    checks = strict.client.get("/health.json").json()["checks"]
    assert "ok" == {check["name"]: check["result"] for check in checks}["indexes"]
    assert "Published again" in strict.client.post(f"/events/{first}/publish").text
    assert [] == strict.gateway.refused


def test_the_stream_has_its_index(strict: Strict) -> None:
    """What was missed, what comes in and what is owed are asked by the indexes that there are."""

    async def work() -> None:
        answer = Answer(Desk.of(Place({})), f"/events/live?type=call.info&period=all&after={FIRST}")
        async with asyncio.timeout(30):
            await answer.until("event: row", "event: gauges", "Pending")

    asyncio.run(work())
    assert [] == strict.gateway.refused


class TestWithoutIndexes:
    """A project that was set up without indexes for lists, or whose are not ready."""

    @pytest.fixture
    def made(self) -> Deployment:
        """A deployment with no index but that of what is pending."""
        planned = deployment.load(next_project())
        left = tuple(index for index in planned.indexes if index[0][0] == "publish.state")
        return msgspec.structs.replace(planned, indexes=left)

    def test_it_is_told(self, strict: Strict) -> None:
        """A list that has no index is told, with what can be asked; the rest is there."""
        answer = strict.client.get("/events?type=call.info")
        assert (400, True) == (answer.status_code, "no index for this question" in answer.text)
        assert strict.gateway.refused
        assert 200 == strict.client.get("/events?call=9000001").status_code
        health = strict.client.get("/health.json").json()["checks"]
        assert "BAD" == {check["name"]: check["result"] for check in health}["indexes"]
