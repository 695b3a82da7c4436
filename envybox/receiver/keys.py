"""The key ring: which keys are accepted, and whose they are.

A key is looked up by its HMAC under a secret of this process: what the look-up's time
tells is about the HMAC, which nobody outside can compute, so it is the same for a key
that is nearly right as for any other; and it does not grow with the number of keys. The
match itself is compared in constant time.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from envybox.errors import InvalidKey, NotConfigured, SettingsError
from envybox.event import FieldWarning
from envybox.receiver.request import base_name
from envybox.receiver.request.text import Read
from envybox.settings import Settings
from envybox.webhook import Fields

REREAD_SECONDS = 60
"""How old the keys of a file may be before the file is read again."""

WAIT_SECONDS = 0.25
"""How long that is waited for, from its beginning on; what comes later counts all the same."""

_FILE = "ENVYBOX_KEYS_FILE"

# Envybox's keys are 32 lower-case hex digits; longer or richer ones are taken, should it
# change its mind, but nothing that can be guessed or was pasted with its neighbours.
_KEY = re.compile(r"[0-9A-Za-z_-]{16,128}")
_LABEL = re.compile(r"[^\s,=/\ud800-\udfff]{1,64}")
_WELL_FORMED = re.compile(r"[0-9a-f]{32}")

# A character of a key, as URLs, JSON and HTML may write it.
_PERCENT_ESCAPE = re.compile(r"%([2-7][0-9A-Fa-f])")
_JSON_ESCAPE = re.compile(r"\\u00([2-7][0-9A-Fa-f])")
# How often escaped text is taken apart; nobody but an attacker escapes it more often.
_MOST_LEVELS = 8
_HTML_ESCAPE = re.compile(
    r"&(?:#0{0,99}[0-9]{2,3}|#[xX]0{0,99}[0-9A-Fa-f]{2}|(?:low|Under)bar|bsol);?"
)


def parse(text: str, name: str) -> dict[str, str]:
    """Return key → label, from `label=key` or `key` (label `default`).

    They are separated by commas or white space. Raises `SettingsError`, which tells the
    setting's name and the position of what cannot be used, never the text: it is secret.
    """
    keys: dict[str, str] = {}
    for position, entry in enumerate(re.split(r"[\s,]+", text.strip(" \t\r\n,\ufeff")), start=1):
        if not entry:
            continue
        label, equals, key = entry.rpartition("=")
        if not equals:
            label = "default"
        if not _LABEL.fullmatch(label) or not _KEY.fullmatch(key):
            raise SettingsError(
                name,
                f"entry {position} is not `label=key` or `key`: a key is 32 lower-case hex "
                "digits, a label up to 64 characters without `,`, `=`, `/` and white space.",
            )
        if _WELL_FORMED.fullmatch(label.lower()):  # it would be every event's account
            raise SettingsError(
                name, f"the label of entry {position} is a key itself: put a comma between keys."
            )
        if key.lower() != key and _WELL_FORMED.fullmatch(key.lower()):
            raise SettingsError(
                name, f"the key of entry {position} has capitals: Envybox sends lower case."
            )
        if keys.setdefault(key, label) != label:
            raise SettingsError(name, f"the key of entry {position} has two labels.")
    return keys


class KeyRing:
    """The accepted keys, from `ENVYBOX_KEYS` or else from a file that may change.

    Raises `SettingsError` where they cannot be read.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock
        self._path = None
        if settings.keys.strip():
            self._labels = self._blind(parse(settings.keys, "ENVYBOX_KEYS"))
        elif settings.keys_file:
            self._path = Path(settings.keys_file)
            self._labels = self._blind(self._read(self._path))
        else:
            self._labels = {}
        self._read_at = clock()
        self._reading: asyncio.Task[None] | None = None
        self._failure: SettingsError | None = None

    @property
    def configured(self) -> bool:
        """Whether any key is accepted."""
        return bool(self._labels)

    async def refresh(self) -> None:
        """Read the file again, where it is time to; who comes meanwhile waits for it too.

        In a thread, for a mounted secret is fetched at each read; one at a time, for a fetch
        may hang. Raises `SettingsError`, once, where a read failed or hangs for a minute; the
        keys known so far stay.
        """
        if self._path is None:
            return
        now = self._clock()
        if now - self._read_at >= REREAD_SECONDS:
            self._read_at = now
            if self._reading is None:
                self._reading = asyncio.create_task(asyncio.to_thread(self._reread, self._path))
                self._reading.add_done_callback(self._was_read)
            else:
                self._failure = SettingsError(_FILE, f"not read within {REREAD_SECONDS} s.")
        left = self._read_at + WAIT_SECONDS - now
        if self._reading is not None and left > 0:
            await asyncio.wait([self._reading], timeout=left)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def verify(self, fields: Fields) -> str:
        """Return the label of the fields' key.

        Raises `NotConfigured` where no key is accepted at all, `InvalidKey` where there
        is no key, more than one, or a wrong one.
        """
        if not self._labels:
            raise NotConfigured
        presented = [value for name, value in fields if name == "key"]
        if len(presented) == 1:
            blinded = self._hmac(presented[0])
            known, label = self._labels.get(blinded, (b"", ""))
            if hmac.compare_digest(known, blinded):
                return label
        raise InvalidKey

    def _reread(self, path: Path) -> None:
        self._labels = self._blind(self._read(path))

    def _was_read(self, reading: asyncio.Task[None]) -> None:
        self._reading = None
        error = None if reading.cancelled() else reading.exception()
        if error is not None:
            if not isinstance(error, SettingsError):
                error = SettingsError(_FILE, f"{type(error).__name__}.")
            self._failure = error

    def _hmac(self, key: str) -> bytes:
        return hmac.digest(self._secret, key.encode("utf-8", "surrogatepass"), "sha256")

    def _blind(self, keys: dict[str, str]) -> dict[bytes, tuple[bytes, str]]:
        blinded = {self._hmac(key): label for key, label in keys.items()}
        return {digest: (digest, label) for digest, label in blinded.items()}

    @staticmethod
    def _read(path: Path) -> dict[str, str]:
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise SettingsError(
                _FILE, f"{str(path)!r} cannot be read ({type(error).__name__})."
            ) from error
        return parse(text, _FILE)


def without_key(fields: Fields, warnings: list[FieldWarning]) -> Read:
    """Return verified fields, and the warnings of reading them, without any trace of the key.

    That is without the field `key` and PHP's elements of it, and with the key's text
    blacked out wherever else it stands (the address of a page, say), whatever its letter
    case, and in the escapes of URLs, HTML and JSON, which others may undo.
    """
    key = next((value for name, value in fields if name == "key"), "")
    kept = [pair for pair in fields if "key" not in pair[0] or base_name(pair[0]) != "key"]
    text = "\n".join([part for pair in kept for part in pair] + [w.field for w in warnings])
    if key and _shows(text, key):
        kept = [(_black_out(name, key), _black_out(value, key)) for name, value in kept]
        warnings = [FieldWarning(_black_out(w.field, key), w.reason) for w in warnings]
    return kept, warnings


def _shows(text: str, key: str) -> bool:
    return _is_in(key, text) or _revealing(text, key) is not None


def _is_in(key: str, text: str) -> bool:
    """Whether the text holds the key, in capitals or not (bytes: for they are faster)."""
    return key.lower().encode() in text.encode("utf-8", "surrogatepass").lower()


def _revealing(text: str, key: str) -> str | None:
    """Return the text without its escapes where that brings the key to light."""
    ways = []
    if "%" in text:
        ways.append(_PERCENT_ESCAPE.sub(_character, text))
    if "\\u00" in text:
        ways.append(_JSON_ESCAPE.sub(_character, text))
    if "&#" in text or "bar;" in text or "&bsol;" in text:
        unescaped = _HTML_ESCAPE.sub(lambda escape: html.unescape(escape[0]), text)
        ways += (unescaped, _JSON_ESCAPE.sub(_character, unescaped))  # JSON may stand in HTML
    return next((plain for plain in ways if _is_in(key, plain)), None)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _black_out(text: str, key: str) -> str:
    for _ in range(_MOST_LEVELS):
        text = re.sub(re.escape(key), "*" * len(key), text, flags=re.IGNORECASE)
        plain = _revealing(text, key)
        if plain is None:
            return text
        text = plain
    return "*" * len(key)


def pairing_key(fields: Fields) -> str | None:
    """Return the key of a webhook that looks like Envybox's own, for its owner to find.

    None unless there is exactly one key, of 32 lower-case hex digits, and a webhooktype.
    """
    presented = [value for name, value in fields if name == "key"]
    has_type = any(name == "webhooktype" and value.strip().isdecimal() for name, value in fields)
    if has_type and len(presented) == 1 and _WELL_FORMED.fullmatch(presented[0]):
        return presented[0]
    return None
