from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from envybox.ports.store import Mark
from envybox.receiver import marks as marks_module
from envybox.receiver.marks import Marks
from tests.samples import NOON

PUBLISHED = Mark(event_id="a", message_id="1", at=NOON)
FAILED = Mark(event_id="b", message_id=None, at=NOON)


class Store:
    """Keeps the marks that were begun to be written, until it is let go."""

    def __init__(self) -> None:
        self.begun: list[Mark] = []
        self.gate = asyncio.Event()
        self.called = asyncio.Event()

    async def mark(self, mark: Mark) -> None:
        self.begun.append(mark)
        asyncio.get_running_loop().call_soon(self.called.set)
        await self.gate.wait()


def run(scenario: Callable[[Store, Marks], Awaitable[None]]) -> None:
    """Run a scenario with marks on the way to a store."""

    async def main() -> None:
        store = Store()
        await scenario(store, Marks(store.mark))

    asyncio.run(main())


async def turns() -> None:
    """Let all run that is ready to."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_waits_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark waits a moment, and then goes in one turn with those that came, each once."""
    monkeypatch.setattr(marks_module, "COMPANY_SECONDS", 0.2)

    async def scenario(store: Store, marks: Marks) -> None:
        for _ in range(2):
            store.begun.clear()
            marks.add(PUBLISHED)
            marks.add(FAILED)
            await turns()
            assert [] == store.begun
            async with asyncio.timeout(10):
                await store.called.wait()
            assert [PUBLISHED, FAILED] == store.begun
            store.called.clear()

    run(scenario)


def test_flush() -> None:
    """Flushed marks have been begun to be written, once, and are not waited for."""

    async def scenario(store: Store, marks: Marks) -> None:
        marks.add(PUBLISHED)
        await marks.flush()
        await marks.flush()
        assert [PUBLISHED] == store.begun

    run(scenario)


def test_published() -> None:
    """An event counts as published until its mark's outcome is there: then the store tells."""

    async def scenario(store: Store, marks: Marks) -> None:
        marks.add(PUBLISHED)
        marks.add(FAILED)
        assert [True, False] == ["a" in marks, "b" in marks]
        await marks.flush()
        assert "a" in marks
        store.gate.set()
        await turns()
        assert "a" not in marks

    run(scenario)
