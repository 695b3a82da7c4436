"""The settings: environment variables, their defaults and what they mean.

`SETTINGS` is their one home; docs/settings.md is made of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from envybox.errors import SettingsError

T = TypeVar("T")


class Setting(NamedTuple):
    """One environment variable: its name, its default as text, and what it means."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "ENVYBOX_KEYS",
        "",
        "The accepted keys: `label=key` or `key` alone (label `default`), separated by commas "
        "or white space. Several may share a label (rotation).",
    ),
    Setting(
        "ENVYBOX_KEYS_FILE",
        "",
        "The same, in a file (a mounted secret) that is read again when it changes, at most "
        "once a minute. `ENVYBOX_KEYS` wins.",
    ),
    Setting(
        "ENVYBOX_BACKEND",
        "google",
        "`google`: Firestore and Pub/Sub, or their emulators (`FIRESTORE_EMULATOR_HOST`, "
        "`PUBSUB_EMULATOR_HOST`). `local`: the embedded one, a SQLite file.",
    ),
    Setting(
        "GOOGLE_CLOUD_PROJECT", "", "The Google Cloud project. Where unset, the runtime's own."
    ),
    Setting("ENVYBOX_DATABASE", "(default)", "The Firestore database."),
    Setting("ENVYBOX_COLLECTION", "events", "The Firestore collection."),
    Setting("ENVYBOX_TOPIC_PREFIX", "envybox-", "A topic is this prefix and the type, `.` as `-`."),
    Setting(
        "ENVYBOX_TIMEZONE", "Europe/Moscow", "The zone of Envybox's times, which have no offset."
    ),
    Setting("ENVYBOX_PHONE_REGION", "RU", "The region of phone numbers without a country code."),
    Setting(
        "ENVYBOX_RETENTION_DAYS",
        "0",
        "How many days an event is kept (sets `expire_at`). `0`: for ever.",
    ),
    Setting(
        "ENVYBOX_DEDUP_HOURS",
        "1",
        "How long the same webhook without a call's or chat's id counts as one event.",
    ),
    Setting(
        "ENVYBOX_RECOVER_AFTER_SECONDS",
        "60",
        "How long an event may be pending before `recover` publishes it.",
    ),
    Setting("ENVYBOX_LOCAL_PATH", ".envybox/envybox.db", "The SQLite file of the `local` backend."),
    Setting(
        "ENVYBOX_PAIRING",
        "off",
        "`on` logs the key of a well-formed webhook that was refused, so that its owner can "
        "find it. The webhook is still refused.",
    ),
)
_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, checked. `keys` and `keys_file` are read by `envybox.receiver.keys`."""

    keys: str
    keys_file: str
    backend: str
    project: str
    database: str
    collection: str
    topic_prefix: str
    timezone: ZoneInfo
    phone_region: str
    retention: timedelta | None
    dedup_window: timedelta
    recover_after: timedelta
    local_path: str
    pairing: bool


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment; an empty variable counts as unset.

    Raises `SettingsError`, which names the variable and says what it takes.
    """

    def read(name: str, parse: Callable[[str], T], takes: str) -> T:
        return _read(environ, name, parse, takes)

    backend = read("ENVYBOX_BACKEND", _one_of("google", "local"), "`google` or `local`")
    return Settings(
        # Not read(): its error would print the keys.
        keys=environ.get("ENVYBOX_KEYS", ""),
        keys_file=environ.get("ENVYBOX_KEYS_FILE", "").strip(),
        backend=backend,
        project=read(
            "GOOGLE_CLOUD_PROJECT",
            _matching(r"|[a-z][a-z0-9.:-]{1,98}[a-z0-9]"),
            "a project id, such as `my-project-123`",
        ),
        database=read(
            "ENVYBOX_DATABASE",
            _matching(r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]"),
            "`(default)` or 4 to 63 lower-case letters, digits and hyphens",
        ),
        collection=read(
            "ENVYBOX_COLLECTION",
            # 375 characters are at most 1,500 bytes, which is Firestore's limit.
            _matching(r"(?!\.\.?$)(?!__.*__$)[^/\s\ud800-\udfff]{1,375}"),
            "a collection's name of up to 375 characters, without `/`, not of the form `__name__`",
        ),
        topic_prefix=read(
            "ENVYBOX_TOPIC_PREFIX",
            _matching(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{0,199}"),
            "a letter, then letters, digits and `-._~+%`, not beginning with `goog`",
        ),
        timezone=zone(environ),
        phone_region=read(
            "ENVYBOX_PHONE_REGION", _phone_region, "a two-letter country code, such as `RU`"
        ),
        retention=read("ENVYBOX_RETENTION_DAYS", _retention, "a whole number of days, 0 to 36500"),
        dedup_window=read(
            "ENVYBOX_DEDUP_HOURS", _hours, "a number of hours from 0 to 8760, such as `1` or `0.5`"
        ),
        recover_after=read(
            "ENVYBOX_RECOVER_AFTER_SECONDS", _seconds, "a number of seconds from 0 to 86400"
        ),
        local_path=read("ENVYBOX_LOCAL_PATH", str, "a file's path"),
        pairing=read("ENVYBOX_PAIRING", _switch, "`on` or `off`"),
    )


def zone(environ: Mapping[str, str] = os.environ) -> ZoneInfo:
    """Return the zone of Envybox's times. Raises `SettingsError`."""
    takes = "a name such as `Europe/Moscow`; on a system without zones, `pip install tzdata`"
    return _read(environ, "ENVYBOX_TIMEZONE", ZoneInfo, takes)


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], T], takes: str) -> T:
    text = environ.get(name, "").strip() or _DEFAULTS[name]
    try:
        return parse(text)
    except (ValueError, KeyError, OverflowError, OSError) as error:
        raise SettingsError(name, f"{text!r} cannot be used: it takes {takes}.") from error


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        return names[names.index(text.lower())]

    return parse


def _matching(pattern: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(text)
        return text

    return parse


def _between(low: float, high: float, number: float) -> float:
    if not low <= number <= high:  # also refuses NaN
        raise ValueError(number)
    return number


def _retention(text: str) -> timedelta | None:
    days = int(_between(0, 36500, int(text)))
    return timedelta(days=days) if days else None


def _hours(text: str) -> timedelta:
    return timedelta(hours=_between(0, 8760, float(text)))


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=_between(0, 86400, float(text)))


def _phone_region(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    region = text.upper()
    if region not in SUPPORTED_REGIONS:
        raise ValueError(text)
    return region


_SWITCH = {
    **dict.fromkeys(("on", "true", "yes", "1"), True),
    **dict.fromkeys(("off", "false", "no", "0"), False),
}


def _switch(text: str) -> bool:
    return _SWITCH[text.lower()]
