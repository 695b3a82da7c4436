"""Lifelike webhooks, spelled as Envybox spells them, and the sending of them."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from envybox.errors import SettingsError
from envybox.operator.place import Place
from envybox.types import TYPES, type_of
from envybox.webhook import Fields

ANSWER_SECONDS = 15.0
CALL = "call"
"""The name of a call's story: it starts, what came of it, its result."""

_SAMPLES = Path(__file__).parents[1] / "tools" / "samples.json"
_STORY = ("call.started", "call.info", "call.result")
_NEW_IDS = ("call_id", "chat_id", "visitor_id")
_http = urllib.request.build_opener()


class Answer(NamedTuple):
    """The receiver's answer: HTTP status (0: none), its own status, the id, how long it took."""

    status: int
    text: str
    event_id: str
    seconds: float


def names() -> list[str]:
    """Return what `lifelike` knows."""
    return [CALL, *(row.type for row in TYPES)]


def lifelike(name: str) -> list[Fields]:
    """Return the webhooks of a type, or of a call's story, as if they had happened just now.

    Their call, chat and visitor are new ones: a repeat would be taken for the same event.
    """
    samples = _samples()
    if name == "unknown":
        samples[name] = [("webhooktype", "99"), *samples["lead.generator"][1:]]
    fresh = {field: str(secrets.randbelow(9 * 10**8) + 10**8) for field in _NEW_IDS}
    now = f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M:%S}"
    told = []
    for type_ in _STORY if name == CALL else (name,):
        fields = [
            (field, fresh[field] if field in fresh and value else value)
            for field, value in samples[type_]
        ]
        if name == CALL:  # one call, whichever sample its webhooks come from
            fields = put(fields, "call_id", fresh["call_id"])
            fields = put(fields, "visitor_id", fresh["visitor_id"])
        told.append([(k, now if k in ("called_at", "created_at") and v else v) for k, v in fields])
    return told


def put(fields: Fields, name: str, value: str) -> Fields:
    """Return fields with a value in the place of a name's, or at the end."""
    if all(field != name for field, _ in fields):
        return [*fields, (name, value)]
    return [(field, value if field == name else old) for field, old in fields]


def parse(text: str) -> Fields:
    """Return fields of JSON: a list of pairs, or an object of texts. Raises `ValueError`."""
    try:
        decoded = json.loads(text)
        pairs = list(decoded.items()) if isinstance(decoded, dict) else decoded
        return msgspec.convert(pairs, Fields)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def send(url: str, fields: Fields, key: str, *, multipart: bool) -> Answer:
    """Send a webhook, as Envybox does. Raises nothing: what went wrong is an answer of 0."""
    pairs = [*((n, v) for n, v in fields if n != "key"), ("key", key)]
    body, kind = _multipart(pairs) if multipart else (form(pairs), "x-www-form-urlencoded")
    kind = kind if multipart else f"application/{kind}"
    started = time.monotonic()
    try:
        request = urllib.request.Request(url, body, {"content-type": kind})  # noqa: S310 - `endpoint` checks it
        with _http.open(request, timeout=ANSWER_SECONDS) as response:
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        reason = str(getattr(error, "reason", "") or error or type(error).__name__)
        return Answer(0, reason, "", time.monotonic() - started)
    seconds = time.monotonic() - started
    try:
        told = json.loads(content)
        text, event_id = told.get("status") or told.get("error"), told.get("id", "")
    except (ValueError, AttributeError):
        text, event_id = "not this receiver's answer", ""
    return Answer(status, str(text), str(event_id), seconds)


def key_of(place: Place) -> str:
    """Return a key to send with: `ENVYBOX_KEY`, or the receiver's settings', or `make run`'s.

    Raises `SettingsError` where there is none.
    """
    if key := os.environ.get("ENVYBOX_KEY", "").strip():
        return key
    from envybox.receiver import keys

    settings = place.settings
    text, name = settings.keys, "ENVYBOX_KEYS"
    file = Path(settings.keys_file or Path(settings.local_path).with_suffix(".key"))
    if not text.strip() and file.exists():
        text, name = file.read_text("utf-8"), str(file)
    accepted = keys.parse(text, name)
    if not accepted:
        raise SettingsError(
            "ENVYBOX_KEY",
            "there is no key to send with: `export ENVYBOX_KEY=…`, the one that Envybox has.",
        )
    return next(iter(accepted))


def _samples() -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    for sample in json.loads(_SAMPLES.read_text("utf-8")):
        fields = sample["fields"]
        found.setdefault(type_of(int(fields["webhooktype"])), list(fields.items()))
    return found


def form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return the body of a form."""
    return urlencode(list(pairs), errors="replace").encode()


def _multipart(pairs: Iterable[tuple[str, str]]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in pairs
    )
    body = f"{parts}--{boundary}--\r\n".encode(errors="replace")
    return body, f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
