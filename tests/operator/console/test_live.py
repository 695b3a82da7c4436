from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from envybox.errors import Unavailable
from envybox.operator.console import live
from envybox.operator.console.app import build
from envybox.operator.console.desk import Desk
from envybox.operator.console.live import Feed
from envybox.operator.console.owed import Gauges
from envybox.ports.lookup import Filters, Found, encode_cursor
from tests.operator.console.support import CALL, FORM, Store

FIRST = encode_cursor("2000-01-01T00:00:00Z", "0" * 32)


def now() -> str:
    """Return the cursor of a page that was just drawn."""
    return encode_cursor(datetime.now(UTC).isoformat(), "0" * 32)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run, for half a minute at most."""
    asyncio.run(asyncio.wait_for(work(), 30))


async def events(feed: Feed, number: int, after: str = "", **filters: Any) -> list[str]:
    """Return the ids of the first events that come."""
    came: list[str] = []
    stream = feed.listen(Filters(**filters), after or now())
    async for item in stream:
        if isinstance(item, Found):
            came.append(item.event.id)
            if len(came) == number:
                break
    await stream.aclose()
    return came


def test_what_was_missed_comes_first(store: Store) -> None:
    """A stream that is taken up again is sent what came since, the oldest first."""
    ids = [store.add(FORM | {"visitor_id": str(n + 1)}, ago=60 * (3 - n)) for n in range(3)]

    async def work() -> None:
        assert ids == await events(Feed(store.desk()), 3, FIRST)
        assert ids[1:] == await events(Feed(store.desk()), 2, FIRST, since=_at(150))

    run(work)


def _at(ago: float) -> datetime:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() - ago, UTC)


def test_one_poller_for_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many look on, the store is asked by one; and by none when all are gone."""
    asked: list[Filters] = []
    page = store.desk().lookup.__class__.page

    def counted(self: Any, filters: Filters, **rest: Any) -> Any:
        asked.append(filters)
        return page(self, filters, **rest)

    monkeypatch.setattr(store.desk().lookup.__class__, "page", counted)

    async def work() -> None:
        feed = Feed(store.desk())
        waiting = [asyncio.create_task(events(feed, 1)) for _ in range(20)]
        await asyncio.sleep(1.5)
        caught_up = 20  # each by one question; then six polls of a quarter second, or fewer
        assert caught_up <= len(asked) <= caught_up + 16
        store.add(CALL)
        assert 20 == len([await task for task in waiting])
        assert feed.idle

    run(work)


def test_the_first_ones_of_an_empty_store(store: Store) -> None:
    """Several webhooks that come at once as the first of all are all told."""

    async def work() -> None:
        feed = Feed(store.desk())
        waiting = asyncio.create_task(events(feed, 3))
        await asyncio.sleep(0.4)
        ids = {store.add(FORM | {"visitor_id": str(n + 1)}, ago=n) for n in range(3)}
        assert ids == set(await waiting)

    run(work)


def test_what_is_stored_late_is_told(store: Store) -> None:
    """What was stored after one that was received later is told; what does not match is not."""
    store.add(CALL)

    async def work() -> None:
        stream = Feed(store.desk()).listen(Filters(type="call.info"), now())
        came: list[str] = []
        ids: list[str] = []
        async for item in stream:
            if isinstance(item, Gauges) and not ids:  # what was there is known
                store.add(FORM, ago=9)
                ids = [store.add(CALL | {"call_id": str(n)}, ago=n) for n in (1, 5)]
            elif isinstance(item, Found) and item.event.id in ids:
                came.append(item.event.id)
                assert "call.info" == item.event.type
                if len(came) == 2:
                    break
        await stream.aclose()
        assert set(ids) == set(came)

    run(work)


def test_a_store_that_fails_is_told_and_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store does not answer, the stream says why, and goes on when it does again."""
    desk = store.desk()
    scan = live.scan
    failures = iter([True] * 2)

    def failing(*arguments: Any) -> Any:
        if next(failures, False):
            raise Unavailable("the disk is away")
        return scan(*arguments)

    async def work() -> None:
        feed = Feed(desk)
        stream = feed.listen(Filters(), FIRST)
        monkeypatch.setattr(feed, "_caught_up", lambda *_: [])
        monkeypatch.setattr(live, "scan", failing)
        troubles = 0
        async for item in stream:
            if isinstance(item, Gauges) and item.trouble:
                assert "the disk is away" == item.trouble
                troubles += 1
            elif isinstance(item, Gauges):
                break
        assert 2 == troubles
        await stream.aclose()

    run(work)


def test_silence_is_broken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing comes, the stream sends a sign now and then, and ends when the feed does."""
    monkeypatch.setattr(live, "PING_SECONDS", 0.01)

    async def work() -> None:
        feed = Feed(store.desk())
        items = []
        async for item in feed.listen(Filters(), now()):
            items.append(item)
            if items.count(None) == 2:
                feed.end()
        assert None in items

    run(work)


class Answer:
    """The answer to a GET of an ASGI app, which is hung up on when it has a text."""

    def __init__(self, desk: Desk, url: str, **headers: str) -> None:
        self._app = build(desk, Feed(desk), hosts=["localhost:1"])
        path, _, query = url.partition("?")
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        self._scope = {"type": "http", "method": "GET", "path": path, "scheme": "http",
            "query_string": query.encode(), "headers": [(b"host", b"localhost:1"), *named],
            "server": ("localhost", 1), "root_path": "", "http_version": "1.1",
            "asgi": {"version": "3.0", "spec_version": "2.4"}}  # fmt: skip

    async def until(self, *texts: str) -> str:
        """Return what came until it had all the texts."""
        body, enough = "", asyncio.Event()

        async def send(message: Any) -> None:
            nonlocal body
            body += message.get("body", b"").decode()
            if all(text in body for text in texts):
                enough.set()

        async def receive() -> Any:
            await enough.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(self._app(self._scope, receive, send))
        await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return body


def test_the_stream_s_form(store: Store) -> None:
    """Each row bears its place, by which a browser takes the stream up again."""
    first = store.add(FORM, ago=100)
    second = store.add(CALL, ago=50)

    async def work() -> None:
        text = await Answer(store.desk(), f"/events/live?after={FIRST}").until(second, "gauges")
        assert text.startswith("retry: 1000\n\n")
        rows = [part for part in text.split("\n\n") if part.startswith("event: row")]
        assert [True, True] == [first in rows[0], second in rows[1]]
        place = rows[0].split("\n")[1].removeprefix("id: ")
        again = Answer(store.desk(), f"/events/live?after={now()}", last_event_id=place)
        assert second in await again.until(second)

    run(work)


def test_a_stream_says_what_is_wrong(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that missed too much, or whose store is away, ends with a word to the page."""
    store.add(FORM)
    desk = store.desk()

    async def work() -> None:
        monkeypatch.setattr(live, "CAUGHT_UP", 0)
        await Answer(desk, f"/events/live?after={FIRST}").until("event: missed")

        def away(*_: Any) -> Any:
            raise Unavailable("the disk is away")

        monkeypatch.setattr(live, "scan", away)
        await Answer(desk, f"/events/live?after={FIRST}").until("event: gauges", "disk is away")

    run(work)


def test_a_ping_is_a_comment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps a silent stream open is nothing to the page."""
    monkeypatch.setattr(live, "PING_SECONDS", 0.01)
    run(lambda: _pinged(store))


async def _pinged(store: Store) -> None:
    assert ": ping\n\n" in await Answer(store.desk(), f"/events/live?after={now()}").until("ping")
