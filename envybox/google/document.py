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
from envybox.google.messages import Document
from envybox.google.values import UnholdableError, check_count, fill, is_name, items
from envybox.ports.store import Mark, Record

MAX_BYTES = 1_000_000
"""The most that a document may have here, of the 1,048,576 that Firestore takes."""

_LONG_TEXT = 1000
_MOST_WARNINGS = 100  # of a document that is too large: a thousand fields may have three each
_EMPTY_BYTES = 2  # of a value that is null, or a list or map of nothing
_COMPRESSED = "deflate+base64"


def build(record: Record, name: str, document: Any = None) -> Any:
    """Return the document of a new event, pending, under its full resource name.

    It is made in `document` where that is given: one that is a part of another message, for
    to copy it there would take a third of the time again.
    """
    event = record.event
    document = Document() if document is None else document
    document.ParseFromString(_EMPTY)
    document.name = name
    fields = document.fields
    warnings = list(event.warnings)
    for field, item in items(event):
        if field == "custom_data":
            _fill_custom_data(fields[field], item, warnings)
        elif field == "extra":
            _fill_extra(fields[field].map_value.fields, item, warnings)
        elif isinstance(item, msgspec.Struct):
            _fill_in(fields[field].map_value.fields, item)
        elif field != "warnings":
            fill(fields[field], item)
    fields["raw"].string_value = record.raw
    _finish(document, record, warnings)
    if document.ByteSize() > MAX_BYTES:
        _lighten(document, record.raw, warnings)
    return document


def build_bare(record: Record, name: str, document: Any = None) -> Any:
    """Return a document without what may be refused: `raw` alone has all of the webhook.

    For a webhook whose document was refused for a reason not known here, such as more
    indexed fields than Firestore takes where no exemptions were made. Else as `build`.
    """
    document = build(record, name, document)
    warnings = list(record.event.warnings)
    _lighten(document, record.raw, warnings, is_refused=True)
    return document


def fill_mark(write: Any, mark: Mark) -> None:
    """Set, in a write, what a mark changes of the event's document; its name is set already.

    An event that is not there any more is not made again.
    """
    write.current_document.exists = True
    if mark.message_id is not None:
        publish = write.update.fields["publish"].map_value.fields
        publish["state"].string_value = "published"
        publish["message_id"].string_value = mark.message_id
        fill(publish["published_at"], mark.at)
        paths = ["publish.state", "publish.message_id", "publish.published_at"]
        if mark.expire_at is not None:
            fill(write.update.fields["expire_at"], mark.expire_at)
            paths.append("expire_at")
        write.update_mask.field_paths.extend(paths)
    else:
        write.update_mask.SetInParent()  # an empty mask: nothing but the count changes
    attempts = write.update_transforms.add()
    attempts.field_path = "publish.attempts"
    attempts.increment.integer_value = 1


def fill_control(write: Any, name: str) -> None:
    """Make, in a write, the control of a document that was refused: one that must be taken.

    It is of the same kind, and holds nothing that a webhook could be refused for: its name is
    that of no document, and since it must be there for the write, nothing is written.
    """
    build_bare(_CONTROL, name, write.update)
    write.current_document.exists = True


def read_raw(text: str) -> str:
    """Return the `raw` of a document as it was before it may have been compressed.

    Text that is neither is returned as it is.
    """
    if text.startswith("{"):
        with suppress(ValueError, KeyError, zlib.error):
            packed = msgspec.json.decode(text, type=dict[str, str])[_COMPRESSED]
            return zlib.decompress(base64.b64decode(packed)).decode()
    return text


def _fill_in(fields: Any, struct: msgspec.Struct) -> None:
    """Set what a struct has, in fields that are all null. Few calls: most of it is text."""
    for name, item in items(struct):
        if isinstance(item, str):
            fields[name].string_value = item
        elif item is not None:
            fill(fields[name], item)


def _fill_custom_data(value: Any, data: Any, warnings: list[FieldWarning]) -> None:
    try:
        check_count(data)
        fill(value, data, len("custom_data."))
    except UnholdableError:
        value.Clear()
        value.string_value = msgspec.json.encode(data).decode()
        warnings.append(FieldWarning("custom_data", "not for Firestore, kept as JSON text"))


def _fill_extra(fields: Any, extra: dict[str, str], warnings: list[FieldWarning]) -> None:
    for name, text in extra.items():
        if is_name(name, len("extra.")):
            fields[name].string_value = text
        else:
            warnings.append(FieldWarning(name[:100], "no name for Firestore, left to raw"))


def _lighten(
    document: Any, raw: str, warnings: list[FieldWarning], *, is_refused: bool = False
) -> None:
    """Take out what can be long, the longest first, until the rest fits (all: `is_refused`).

    Where that is not enough, compress `raw`, then cut all text.
    """
    fields = document.fields
    if len(warnings) > _MOST_WARNINGS:
        warnings[_MOST_WARNINGS:] = [FieldWarning("warnings", "too many, the rest is left out")]
        _fill_warnings(fields, warnings)
    reason = "refused by Firestore, left to raw" if is_refused else "too long, left to raw"
    parts: list[tuple[str, Any, Any]] = [
        ("custom_data", fields["custom_data"], None),
        ("extra", fields["extra"], {}),
        ("managers_phones", fields["managers"], []),
    ]
    if fields["chat"].HasField("map_value"):
        transcript = fields["chat"].map_value.fields["transcript"]
        parts.append(("chat_text", transcript, []))
    for name, value, nothing in sorted(parts, key=lambda part: -part[1].ByteSize()):
        if value.ByteSize() > _EMPTY_BYTES and (is_refused or document.ByteSize() > MAX_BYTES):
            value.Clear()
            fill(value, nothing)
            warnings.append(FieldWarning(name, reason))
    if document.ByteSize() > MAX_BYTES:
        packed = base64.b64encode(zlib.compress(raw.encode())).decode()
        fields["raw"].string_value = msgspec.json.encode({_COMPRESSED: packed}).decode()
        warnings.append(FieldWarning("raw", f"too long, kept as {_COMPRESSED}"))
    if document.ByteSize() > MAX_BYTES:
        for part, value in fields.items():
            for name, text in value.map_value.fields.items():
                if len(text.string_value) > _LONG_TEXT:
                    text.null_value = 0
                    warnings.append(FieldWarning(f"{part}.{name}", reason))
    _fill_warnings(fields, warnings)


def _fill_warnings(fields: Any, warnings: list[FieldWarning]) -> None:
    fields["warnings"].array_value.ClearField("values")
    fill(fields["warnings"], warnings)


def _finish(document: Any, record: Record, warnings: list[FieldWarning]) -> None:
    fields = document.fields
    fill(fields["warnings"], warnings)
    fields["publish"].map_value.fields["topic"].string_value = record.topic


def _empty() -> Any:
    """Return the document of a new event that has nothing: nulls are most of any other."""
    document = Document()
    fields = document.fields
    for part in (Visitor, Call, Chat, Manager, Page, Utm, Ids):
        fill(fields[part.__name__.lower()], part())
    for name in ("managers", "warnings"):
        fill(fields[name], [])
    for name in ("extra", "publish"):
        fill(fields[name], {})
    publish = fields["publish"].map_value.fields
    publish["state"].string_value = "pending"
    publish["message_id"].null_value = 0
    publish["published_at"].null_value = 0
    publish["attempts"].integer_value = 0
    fields["normalizer"].integer_value = NORMALIZER_VERSION
    return document


_EMPTY: bytes = _empty().SerializeToString()
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
