"""The Firestore document of an event: its fields as Firestore's values.

What Firestore cannot hold as it is (see `values`; a document over 1 MiB) is held as JSON
text or left to `raw`, with a warning in the document.
"""

from __future__ import annotations

import base64
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from envybox.event import (
    NORMALIZER_VERSION,
    Call,
    Chat,
    Event,
    FieldWarning,
    Ids,
    Manager,
    Page,
    Utm,
    Visitor,
)
from envybox.google.messages import BatchWriteRequest
from envybox.google.values import (
    UnholdableError,
    check_count,
    encode,
    entry,
    field,
    is_name,
    items,
    key,
    of_entries,
)
from envybox.ports.store import Mark, Record

MAX_BYTES = 1_000_000
"""The most that a document may have here, of the 1,048,576 that Firestore takes."""

_LONG_TEXT = 1000
_EMPTY_BYTES = 2  # of a value that is null, or a list or map of nothing
_COMPRESSED = "deflate+base64"

# The tags of `google.firestore.v1`: a document's name and fields, a write's parts.
_NAME = b"\x0a"
_FIELD = b"\x12"
_UPDATE = b"\x0a"
_CURRENT_DOCUMENT = b"\x22"
# A precondition: whether the document exists.
_IS_NOT_THERE = b"\x08\x00"
_IS_THERE = b"\x08\x01"


def build(record: Record, name: str) -> bytes:
    """Return the document of a new event, pending, under its full resource name: serialized."""
    document = _Document(record, name)
    made = document.serialized()
    # What is made of a character takes no fifty bytes: most need not be measured.
    if len(record.raw) * 50 > MAX_BYTES and len(made) > MAX_BYTES:
        document.lighten()
        made = document.serialized()
    return made


def build_bare(record: Record, name: str) -> bytes:
    """Return a document without what may be refused: `raw` alone has all of the webhook.

    For a webhook whose document was refused for a reason not known here, such as more
    indexed fields than Firestore takes where no exemptions were made. Else as `build`.
    """
    document = _Document(record, name)
    document.warnings = list(record.event.warnings)
    document.lighten(is_refused=True)
    return document.serialized()


def creation(document: bytes) -> bytes:
    """Return the write that makes a document where there is none of its name: serialized."""
    return field(_UPDATE, document) + field(_CURRENT_DOCUMENT, _IS_NOT_THERE)


def marking(mark: Mark, name: str) -> bytes:
    """Return the write of a mark into the document of this name, if there is one: serialized."""
    entries = []
    rest = _COUNTED  # nothing but the count changes
    if mark.message_id is not None:
        publish = {"state": "published", "message_id": mark.message_id, "published_at": mark.at}
        entries.append(_entry("publish", encode(publish)))
        rest = _PUBLISHED
        if mark.expire_at is not None:
            entries.append(_entry("expire_at", encode(mark.expire_at)))
            rest = _EXPIRES
    return field(_UPDATE, field(_NAME, name.encode()) + b"".join(entries)) + rest


def control(name: str) -> bytes:
    """Return the control of a document that was refused: a write that must be taken.

    It is of the same kind, and holds nothing that a webhook could be refused for: its name is
    that of no document, and since it must be there for the write, nothing is written.
    """
    return field(_UPDATE, build_bare(_CONTROL, name)) + field(_CURRENT_DOCUMENT, _IS_THERE)


def read_raw(text: str) -> str:
    """Return the `raw` of a document as it was before it may have been compressed.

    Text that is neither is returned as it is.
    """
    if text.startswith("{"):
        with suppress(ValueError, KeyError, zlib.error):
            packed = msgspec.json.decode(text, type=dict[str, str])[_COMPRESSED]
            return zlib.decompress(base64.b64decode(packed)).decode()
    return text


class _Document:
    """A document in the making: its fields' values, serialized, by name."""

    def __init__(self, record: Record, name: str) -> None:
        event = record.event
        self._record = record
        self._name = field(_NAME, name.encode())
        self.warnings = list(event.warnings)
        self._values = {name: self._of(name, item) for name, item in items(event)}
        self._values["raw"] = encode(record.raw)
        self._values["normalizer"] = _NORMALIZER

    def serialized(self) -> bytes:
        """Return the document."""
        self._values["warnings"] = encode(self.warnings)
        topic = entry(key("topic"), encode(self._record.topic))
        self._values["publish"] = of_entries((*_PENDING, topic))
        return self._name + b"".join(_entry(*pair) for pair in self._values.items())

    def lighten(self, *, is_refused: bool = False) -> None:
        """Take out what can be long, the longest first, until the rest fits (all: `is_refused`).

        Where that is not enough, compress `raw`, then cut all text.
        """
        event, values = self._record.event, self._values
        reason = "refused by Firestore, left to raw" if is_refused else "too long, left to raw"
        parts: list[tuple[str, str, Any, int]] = [
            ("custom_data", "custom_data", None, len(values["custom_data"])),
            ("extra", "extra", {}, len(values["extra"])),
            ("managers_phones", "managers", [], len(values["managers"])),
        ]
        if event.chat is not None:
            bare = msgspec.structs.replace(event.chat, transcript=[])
            parts.append(("chat_text", "chat", bare, len(encode(event.chat.transcript))))
        for name, part, rest, size in sorted(parts, key=lambda part: -part[3]):
            if size > _EMPTY_BYTES and (is_refused or self._is_too_long()):
                values[part] = encode(rest)
                self.warnings.append(FieldWarning(name, reason))
        if self._is_too_long():
            packed = base64.b64encode(zlib.compress(self._record.raw.encode())).decode()
            values["raw"] = encode(msgspec.json.encode({_COMPRESSED: packed}).decode())
            self.warnings.append(FieldWarning("raw", f"too long, kept as {_COMPRESSED}"))
        if self._is_too_long():
            self._cut(reason)

    def _cut(self, reason: str) -> None:
        for part, struct in items(self._record.event):
            if not isinstance(struct, msgspec.Struct):
                continue
            cut: dict[str, Any] = {
                name: None
                for name, item in items(struct)
                if isinstance(item, str) and len(item) > _LONG_TEXT
            }
            self.warnings += [FieldWarning(f"{part}.{name}", reason) for name in cut]
            if isinstance(struct, Chat):
                cut["transcript"] = []
            self._values[part] = encode(msgspec.structs.replace(struct, **cut))

    def _is_too_long(self) -> bool:
        return len(self.serialized()) > MAX_BYTES

    def _of(self, name: str, item: Any) -> bytes:
        if name == "custom_data":
            return self._of_custom_data(item)
        if name == "extra":
            return self._of_extra(item)
        return encode(item)

    def _of_custom_data(self, data: Any) -> bytes:
        try:
            check_count(data)
            return encode(data, len("custom_data."))
        except UnholdableError:
            reason = "not for Firestore, kept as JSON text"
            self.warnings.append(FieldWarning("custom_data", reason))
            return encode(msgspec.json.encode(data).decode())

    def _of_extra(self, extra: dict[str, str]) -> bytes:
        entries = []
        for name, text in extra.items():
            if is_name(name, len("extra.")):
                entries.append(entry(key(name), encode(text)))
            else:
                reason = "no name for Firestore, left to raw"
                self.warnings.append(FieldWarning(name[:100], reason))
        return of_entries(entries)


def _entry(name: str, value: bytes) -> bytes:
    return entry(_KEYS[name], value, _FIELD)


def _rest_of_mark(*paths: str) -> bytes:
    """Return what is the same in all marks that change these fields: a write without its update."""
    write = BatchWriteRequest().writes.add()
    write.current_document.exists = True  # what is not there any more is not made again
    write.update_mask.SetInParent()
    write.update_mask.field_paths.extend(paths)
    attempts = write.update_transforms.add()
    attempts.field_path = "publish.attempts"
    attempts.increment.integer_value = 1
    rest: bytes = write.SerializeToString()
    return rest


_OWN = ("raw", "publish", "normalizer", "expire_at")
_KEYS = {name: key(name) for name in (*Event.__struct_fields__, *_OWN)}
_PENDING = [
    entry(key(name), encode(value))
    for name, value in (
        ("state", "pending"),
        ("message_id", None),
        ("published_at", None),
        ("attempts", 0),
    )
]
_NORMALIZER = encode(NORMALIZER_VERSION)
_COUNTED = _rest_of_mark()
_TOLD = ("publish.state", "publish.message_id", "publish.published_at")
_PUBLISHED = _rest_of_mark(*_TOLD)
_EXPIRES = _rest_of_mark(*_TOLD, "expire_at")
_CONTROL = Record(
    event=Event(
        id="control",
        type="unknown",
        webhooktype=None,
        account="default",
        received_at=datetime(2000, 1, 1, tzinfo=UTC),
        occurred_at=None,
        visitor=Visitor(),
        call=Call(),
        chat=Chat(),
        manager=Manager(),
        managers=[],
        page=Page(),
        utm=Utm(),
        ids=Ids(),
        custom_data=[],
        extra={},
        warnings=[],
    ),
    raw="[]",
    topic="unknown",
)
