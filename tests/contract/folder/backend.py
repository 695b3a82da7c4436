"""A third backend, as a pattern: a folder of JSON files. It passes the contract's suite.

`events/ID.json` is a document, `messages/TOPIC/NUMBER.json` a message. It does all that a
backend has to, and no more: it reads every event to find those that are pending.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from envybox.event import NORMALIZER_VERSION, encode
from envybox.ports.backend import Backend
from envybox.ports.publish import Message
from envybox.ports.store import Backlog, Mark, Record, Stored
from envybox.settings import Settings


def open_backend(settings: Settings) -> Backend:
    """Return the backend in the folder that `ENVYBOX_LOCAL_PATH` names."""
    folder = Folder(Path(settings.local_path))
    return Backend(folder, folder, is_one=True)


class Folder:
    """A store and a publisher in one; see the ports."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events = path / "events"
        self._events.mkdir(parents=True, exist_ok=True)

    async def create(self, record: Record, *, timeout: float) -> bool:
        publish = {"state": "pending", "topic": record.topic}
        publish |= {"message_id": None, "published_at": None, "attempts": 0}
        document = json.loads(encode(record.event)) | {"raw": record.raw, "publish": publish}
        document["normalizer"] = NORMALIZER_VERSION
        with self._locked():
            if self._file(record.event.id).exists():
                return False
            self._write(self._file(record.event.id), document)
            return True

    async def get(self, event_id: str, *, timeout: float) -> Stored | None:
        file = self._file(event_id)
        return _stored(json.loads(file.read_text())) if file.exists() else None

    async def mark(self, mark: Mark, *, timeout: float) -> None:
        file = self._file(mark.event_id)
        with self._locked():
            if not file.exists():
                return
            document = json.loads(file.read_text())
            document["publish"]["attempts"] += 1
            if mark.message_id is not None:
                document["publish"] |= {
                    "state": "published",
                    "message_id": mark.message_id,
                    "published_at": _text(mark.at),
                }
                if mark.expire_at is not None:
                    document["expire_at"] = _text(mark.expire_at)
            self._write(file, document)

    async def pending(
        self,
        *,
        since: datetime | None = None,
        before: datetime,
        after: Stored | None,
        limit: int,
        timeout: float,
    ) -> list[Stored]:
        found = [
            stored
            for stored in self._pending(since)
            if stored.received_at < before and (after is None or _place(stored) > _place(after))
        ]
        return found[:limit]

    async def backlog(self, *, since: datetime | None = None, timeout: float) -> Backlog:
        found = self._pending(since)
        return Backlog(pending=len(found), oldest=found[0].received_at if found else None)

    async def publish(self, topic: str, message: Message, *, timeout: float) -> str:
        number = f"{time.time_ns()}-{secrets.token_hex(4)}"
        content = {
            "data": base64.b64encode(message.data).decode(),
            "attributes": message.attributes,
            "ordering_key": message.ordering_key,
        }
        (self._path / "messages" / topic).mkdir(parents=True, exist_ok=True)
        self._write(self._path / "messages" / topic / f"{number}.json", content)
        return number

    async def close(self) -> None:
        """Nothing stays open."""

    def _pending(self, since: datetime | None) -> list[Stored]:
        read = (json.loads(file.read_text()) for file in self._events.glob("*.json"))
        found = [_stored(document) for document in read]
        return sorted(
            (one for one in found if not one.published and (not since or one.received_at >= since)),
            key=_place,
        )

    def _file(self, event_id: str) -> Path:
        return self._events / f"{event_id}.json"

    def _write(self, file: Path, content: Any) -> None:
        """Write a file whole or not at all, and on the disk before it has its name."""
        part = file.with_suffix(f".{secrets.token_hex(4)}")
        with part.open("w") as opened:
            json.dump(content, opened)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep the other function's process out."""
        with (self._path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _stored(document: dict[str, Any]) -> Stored:
    return Stored(
        id=document["id"],
        account=document["account"],
        received_at=datetime.fromisoformat(document["received_at"]),
        raw=document["raw"],
        published=document["publish"]["state"] == "published",
        attempts=document["publish"]["attempts"],
    )


def _place(stored: Stored) -> tuple[datetime, str]:
    return stored.received_at, stored.id


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
