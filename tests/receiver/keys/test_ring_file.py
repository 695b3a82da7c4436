from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from envybox.errors import InvalidKey, NotConfigured, SettingsError
from envybox.receiver.keys import KeyRing, entries
from envybox.receiver.keys import ring as ring_module
from envybox.settings import Settings
from tests.samples import KEY, OTHER_KEY

MakeSettings = Callable[..., Settings]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# ENVYBOX_KEYS_FILE


def test_file(settings: MakeSettings, tmp_path: Path) -> None:
    """Keys are read from a file, a byte order mark and all."""
    path = tmp_path / "keys"
    path.write_text(f"магазин={KEY}\r\n", "utf-8-sig")
    ring = KeyRing(settings(ENVYBOX_KEYS=" ", ENVYBOX_KEYS_FILE=str(path)))
    assert ring.configured
    assert ring.verify([("key", KEY)]) == "магазин"


def test_variable_wins(settings: MakeSettings, tmp_path: Path) -> None:
    """Where both are set the variable counts, and the file is not even opened."""
    clock = Clock()
    ring = KeyRing(settings(ENVYBOX_KEYS_FILE=str(tmp_path / "none")), clock)
    clock.now += 3600
    asyncio.run(ring.refresh())
    assert ring.verify([("key", KEY)]) == "default"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"changeme"])
def test_unusable_file(settings: MakeSettings, tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, not text, or holds no key stops the start and is named."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^ENVYBOX_KEYS_FILE: ") as caught:
        KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)))
    assert 1 == len(str(caught.value).splitlines())


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, a file that can be read is waited for."""
    monkeypatch.setattr(ring_module, "WAIT_SECONDS", 60.0)


def _file_ring(settings: MakeSettings, path: Path, clock: Clock) -> KeyRing:
    """Return a ring of a file's keys, with the file due to be read again."""
    path.write_text(KEY)
    ring = KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)), clock)
    clock.now += ring_module.REREAD_SECONDS
    return ring


def test_rotation(settings: MakeSettings, tmp_path: Path) -> None:
    """A changed file counts after a minute, without a restart, and is not asked for before."""
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)

    async def scenario() -> None:
        path.write_text(f"{KEY} {OTHER_KEY}")
        await ring.refresh()
        assert ring.verify([("key", OTHER_KEY)]) == "default"
        path.write_text(OTHER_KEY)
        clock.now += ring_module.REREAD_SECONDS - 0.001
        await ring.refresh()
        assert ring.verify([("key", KEY)]) == "default"
        clock.now += 0.001
        await ring.refresh()
        with pytest.raises(InvalidKey):
            ring.verify([("key", KEY)])

    asyncio.run(scenario())


def test_failed_reread(settings: MakeSettings, tmp_path: Path) -> None:
    """While the file cannot be read the known keys count, and it is told once a minute."""
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)

    async def scenario() -> None:
        path.unlink()
        told = await asyncio.gather(ring.refresh(), ring.refresh(), return_exceptions=True)
        assert ["FileNotFoundError" in str(one) for one in told] == [True, False]
        await ring.refresh()
        assert ring.verify([("key", KEY)]) == "default"

    asyncio.run(scenario())


@pytest.mark.parametrize("content", ["", " \n,\n", "changeme", f"{KEY.upper()} x"])
def test_a_version_without_a_key(settings: MakeSettings, tmp_path: Path, content: str) -> None:
    """A new version that is blank, or has no good entry, leaves the keys, and is told."""
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)
    path.write_text(content)

    async def scenario() -> None:
        with pytest.raises(SettingsError, match=r"^ENVYBOX_KEYS_FILE: "):
            await ring.refresh()
        assert ring.verify([("key", KEY)]) == "default"
        path.write_text(OTHER_KEY)
        clock.now += ring_module.REREAD_SECONDS
        await ring.refresh()
        assert ring.verify([("key", OTHER_KEY)]) == "default"

    asyncio.run(scenario())


@pytest.mark.parametrize("at_start", [True, False])
def test_a_version_with_a_bad_entry(settings: MakeSettings, tmp_path: Path, at_start: bool) -> None:
    """Of a version with a bad entry the others count, at the start as later; it is told once."""
    path, clock = tmp_path / "keys", Clock()
    path.write_text(KEY)
    text = f"shop={OTHER_KEY}\nchangeme\n"
    if at_start:
        path.write_text(text)
    ring = KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)), clock)
    path.write_text(text)

    async def scenario() -> None:
        clock.now += 0 if at_start else ring_module.REREAD_SECONDS
        with pytest.raises(
            SettingsError, match=r"^ENVYBOX_KEYS_FILE: entry 2 .* other entries count"
        ) as told:
            await ring.refresh()
        assert "changeme" not in str(told.value)
        await ring.refresh()
        assert ring.verify([("key", OTHER_KEY)]) == "shop"
        with pytest.raises(InvalidKey):
            ring.verify([("key", KEY)])

    asyncio.run(scenario())


def test_no_key_at_the_start(settings: MakeSettings, tmp_path: Path) -> None:
    """A file that is blank at the start accepts nothing, is no failure, and is read again."""
    path, clock = tmp_path / "keys", Clock()
    path.write_text(" \n")
    ring = KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)), clock)

    async def scenario() -> None:
        for text in (" ", KEY):
            with pytest.raises(NotConfigured):
                ring.admit([("key", KEY)], [])
            path.write_text(text)
            clock.now += ring_module.REREAD_SECONDS
            await ring.refresh()
        assert ("default", [("a", "1")], []) == ring.admit([("key", KEY), ("a", "1")], [])

    asyncio.run(scenario())


def test_read_once_for_all(settings: MakeSettings, tmp_path: Path) -> None:
    """Requests that come while the file is read wait for it: none misses a new key."""
    path = tmp_path / "keys"
    ring = _file_ring(settings, path, Clock())
    path.unlink()

    async def request() -> str:
        await ring.refresh()
        return ring.verify([("key", OTHER_KEY)])

    async def scenario() -> None:
        os.mkfifo(path)
        requests = [asyncio.create_task(request()) for _ in range(5)]
        await asyncio.to_thread(path.write_text, OTHER_KEY)  # until somebody reads
        path.unlink()  # a second read would fail
        assert ["default"] * 5 == await asyncio.gather(*requests)

    asyncio.run(scenario())


def test_slow_file(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that takes its time counts when it is there; beside one that hangs is no other."""
    monkeypatch.setattr(ring_module, "WAIT_SECONDS", 0.01)
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)
    threads = set(threading.enumerate())
    path.unlink()
    os.mkfifo(path)

    async def scenario() -> None:
        await ring.refresh()
        await ring.refresh()  # beside it
        clock.now += 1
        await ring.refresh()  # too late to wait for it
        for _ in range(2):
            clock.now += ring_module.REREAD_SECONDS
            with pytest.raises(SettingsError, match="not read within 60 s"):
                await ring.refresh()
            await ring.refresh()  # it is told once
        assert ring.verify([("key", KEY)]) == "default"
        assert 1 == len(set(threading.enumerate()) - threads)
        reading = ring._reading
        assert reading is not None
        path.write_text(OTHER_KEY)
        await reading

    asyncio.run(scenario())
    assert ring.verify([("key", OTHER_KEY)]) == "default"


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, "entry 1"), (RuntimeError("no thread"), "ENVYBOX_KEYS_FILE: RuntimeError")],
)
def test_late_failure(
    settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    told: str,
) -> None:
    """A read that fails when nobody waits any more is told at the next request, with its reason."""
    monkeypatch.setattr(ring_module, "WAIT_SECONDS", 0.01)
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)
    path.unlink()
    os.mkfifo(path)
    if error is not None:
        monkeypatch.setattr(entries, "read", Mock(side_effect=error))

    async def scenario() -> None:
        await ring.refresh()
        reading = ring._reading
        assert reading is not None
        path.write_text("broken")
        await asyncio.wait([reading])
        with pytest.raises(SettingsError, match=told):
            await ring.refresh()
        await ring.refresh()

    asyncio.run(scenario())
    assert ring.verify([("key", KEY)]) == "default"


def test_cancelled_read(
    settings: MakeSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A loop that ends while the file is read ends without a complaint."""
    path = tmp_path / "keys"
    ring = _file_ring(settings, path, Clock())

    async def scenario() -> None:
        request = asyncio.create_task(ring.refresh())
        await asyncio.sleep(0)
        assert ring._reading is not None
        ring._reading.cancel()
        await request

    asyncio.run(scenario())
    gc.collect()
    assert "" == caplog.text
    assert ring.verify([("key", KEY)]) == "default"
