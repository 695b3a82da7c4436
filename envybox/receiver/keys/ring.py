"""The key ring: which keys are accepted, and whose they are.

A key is looked up by its MAC under a secret of this process: what the look-up's time
tells is about the MAC, which nobody outside can compute, so it is the same for a key
that is nearly right as for any other; and it does not grow with the number of keys. The
match itself is compared in constant time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from envybox.errors import InvalidKey, NotConfigured, SettingsError
from envybox.event import FieldWarning
from envybox.receiver.keys import entries
from envybox.receiver.keys.redact import without_key
from envybox.settings import Settings
from envybox.webhook import Fields

REREAD_SECONDS = 60
"""How old the keys of a file may be before the file is read again."""

WAIT_SECONDS = 0.25
"""How long that is waited for, from its beginning on; what comes later counts all the same."""

SETTLE_SECONDS = 1.25
"""The same for who has a key that is not known: it may have been added just now."""

_FILE = "ENVYBOX_KEYS_FILE"


class Verified(NamedTuple):
    """Whose a webhook is, and its fields and warnings without any trace of the key."""

    account: str
    fields: Fields
    warnings: list[FieldWarning]


class KeyRing:
    """The accepted keys, from `ENVYBOX_KEYS` or else from a file that may change.

    Of a file the good entries count, be it while others serve or at the start: what is wrong
    with the rest is told by `refresh`. Raises `SettingsError` where the variable has a bad
    entry, and where the file cannot be read or has bad ones alone.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock
        self._path = None
        self._labels: dict[bytes, tuple[bytes, str]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._failure: SettingsError | None = None
        if settings.keys.strip():
            self._labels = self._blind(entries.parse(settings.keys, "ENVYBOX_KEYS"))
        elif settings.keys_file:
            self._path = Path(settings.keys_file)
            self._failure = self._take(self._path)
        self._read_at = clock()

    @property
    def configured(self) -> bool:
        """Whether any key is accepted."""
        return bool(self._labels)

    @property
    def is_reading(self) -> bool:
        """Whether the file is being read."""
        return self._reading is not None

    async def refresh(self) -> None:
        """Read the file again, where it is time to; who comes meanwhile waits for it too.

        In a thread, for a mounted secret is fetched at each read; one at a time, for a fetch
        may hang. Raises `SettingsError`, once, where a read failed, gave no key or hangs for a
        minute: the keys known so far stay; and where some entries do not count.
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

    async def settled(self) -> bool:
        """Wait for a read that is under way; tell whether none is any more."""
        left = self._read_at + SETTLE_SECONDS - self._clock()
        if self._reading is not None and left > 0:
            await asyncio.wait([self._reading], timeout=left)
        return not self.is_reading

    def admit(self, fields: Fields, warnings: list[FieldWarning]) -> Verified:
        """Verify the fields' key, and return them without it. Raises as `verify`."""
        account = self.verify(fields)
        return Verified(account, *without_key(fields, warnings))

    def verify(self, fields: Fields) -> str:
        """Return the label of the fields' key.

        Raises `NotConfigured` where no key is accepted at all, `InvalidKey` where there
        is no key, more than one, or a wrong one.
        """
        if not self._labels:
            raise NotConfigured
        presented = [value for name, value in fields if name == "key"]
        if len(presented) == 1:
            blinded = self._mac(presented[0])
            known, label = self._labels.get(blinded, (b"", ""))
            if hmac.compare_digest(known, blinded):
                return label
        raise InvalidKey

    def _reread(self, path: Path) -> None:
        failure = self._take(path)
        if failure is not None:
            raise failure

    def _take(self, path: Path) -> SettingsError | None:
        """Take the file's keys, and return what is wrong with the entries that do not count.

        Raises `SettingsError` where it has none to take in the place of those that are there.
        """
        keys, problems = self._read(path)
        if not keys and problems:
            raise problems[0]
        if not keys and self._labels:  # nobody means that: it would refuse every webhook
            raise SettingsError(_FILE, "it holds no key any more: the keys known so far stay.")
        self._labels = self._blind(keys)
        if not problems:
            return None
        return SettingsError(_FILE, f"{problems[0].problem} The other entries count.")

    def _was_read(self, reading: asyncio.Task[None]) -> None:
        self._reading = None
        error = None if reading.cancelled() else reading.exception()
        if error is not None:
            if not isinstance(error, SettingsError):
                error = SettingsError(_FILE, f"{type(error).__name__}.")
            self._failure = error

    def _mac(self, key: str) -> bytes:
        data = key.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._secret, digest_size=32).digest()

    def _blind(self, keys: dict[str, str]) -> dict[bytes, tuple[bytes, str]]:
        blinded = {self._mac(key): label for key, label in keys.items()}
        return {digest: (digest, label) for digest, label in blinded.items()}

    @staticmethod
    def _read(path: Path) -> entries.Entries:
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise SettingsError(
                _FILE, f"{str(path)!r} cannot be read ({type(error).__name__})."
            ) from error
        return entries.read(text, _FILE)
