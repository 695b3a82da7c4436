from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.errors import SettingsError
from envybox.settings import SETTINGS, Settings, load

NAMES = [setting.name for setting in SETTINGS]


def test_defaults() -> None:
    """An empty environment gives the documented defaults, and no key at all."""
    assert load({}) == Settings(
        keys="",
        keys_file="",
        backend="google",
        project="",
        database="(default)",
        collection="events",
        topic_prefix="envybox-",
        timezone=ZoneInfo("Europe/Moscow"),
        phone_region="RU",
        retention=None,
        dedup_window=timedelta(hours=1),
        recover_after=timedelta(seconds=60),
        local_path=".envybox/envybox.db",
        pairing=False,
    )


def test_names() -> None:
    """The settings are those of the documented interface, each told of once."""
    assert NAMES == [
        "ENVYBOX_KEYS",
        "ENVYBOX_KEYS_FILE",
        "ENVYBOX_BACKEND",
        "GOOGLE_CLOUD_PROJECT",
        "ENVYBOX_DATABASE",
        "ENVYBOX_COLLECTION",
        "ENVYBOX_TOPIC_PREFIX",
        "ENVYBOX_TIMEZONE",
        "ENVYBOX_PHONE_REGION",
        "ENVYBOX_RETENTION_DAYS",
        "ENVYBOX_DEDUP_HOURS",
        "ENVYBOX_RECOVER_AFTER_SECONDS",
        "ENVYBOX_LOCAL_PATH",
        "ENVYBOX_PAIRING",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_empty_is_unset(name: str) -> None:
    """A variable that is empty, as a template leaves it, counts as unset."""
    assert load({}) == load({name: ""})


def test_written_out_defaults() -> None:
    """Writing out every default changes nothing."""
    assert load({}) == load({setting.name: setting.default for setting in SETTINGS})


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("ENVYBOX_KEYS", " a=1, b=2 ", "keys", " a=1, b=2 "),
        ("ENVYBOX_KEYS_FILE", " /etc/keys\n", "keys_file", "/etc/keys"),
        ("ENVYBOX_BACKEND", "Local", "backend", "local"),
        ("ENVYBOX_BACKEND", " google ", "backend", "google"),
        ("GOOGLE_CLOUD_PROJECT", "my-project-123", "project", "my-project-123"),
        ("GOOGLE_CLOUD_PROJECT", "example.com:shop", "project", "example.com:shop"),
        ("ENVYBOX_DATABASE", "envybox-eu", "database", "envybox-eu"),
        ("ENVYBOX_COLLECTION", "заявки", "collection", "заявки"),
        ("ENVYBOX_COLLECTION", "_events_", "collection", "_events_"),
        ("ENVYBOX_TOPIC_PREFIX", "prod.Envybox_", "topic_prefix", "prod.Envybox_"),
        ("ENVYBOX_TIMEZONE", "Asia/Yekaterinburg", "timezone", ZoneInfo("Asia/Yekaterinburg")),
        ("ENVYBOX_PHONE_REGION", "kz", "phone_region", "KZ"),
        ("ENVYBOX_RETENTION_DAYS", "0", "retention", None),
        ("ENVYBOX_RETENTION_DAYS", "1", "retention", timedelta(days=1)),
        ("ENVYBOX_RETENTION_DAYS", "36500", "retention", timedelta(days=36500)),
        ("ENVYBOX_DEDUP_HOURS", "0", "dedup_window", timedelta(0)),
        ("ENVYBOX_DEDUP_HOURS", "0.5", "dedup_window", timedelta(minutes=30)),
        ("ENVYBOX_DEDUP_HOURS", "8760", "dedup_window", timedelta(days=365)),
        ("ENVYBOX_RECOVER_AFTER_SECONDS", "0", "recover_after", timedelta(0)),
        ("ENVYBOX_RECOVER_AFTER_SECONDS", "86400", "recover_after", timedelta(days=1)),
        ("ENVYBOX_LOCAL_PATH", "a dir/b.db", "local_path", "a dir/b.db"),
        ("ENVYBOX_PAIRING", "On", "pairing", True),
        ("ENVYBOX_PAIRING", "1", "pairing", True),
        ("ENVYBOX_PAIRING", "false", "pairing", False),
    ],
)
def test_values(name: str, text: str, attribute: str, value: object) -> None:
    """A usable value is taken, whatever white space stands around it."""
    assert value == getattr(load({name: text}), attribute)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ENVYBOX_BACKEND", "aws"),
        ("GOOGLE_CLOUD_PROJECT", "My Project"),
        ("GOOGLE_CLOUD_PROJECT", "p/databases/other"),
        ("ENVYBOX_DATABASE", "Default"),
        ("ENVYBOX_DATABASE", "abc"),
        ("ENVYBOX_COLLECTION", "a/b/c"),
        ("ENVYBOX_COLLECTION", ".."),
        ("ENVYBOX_COLLECTION", "."),
        ("ENVYBOX_COLLECTION", "__events__"),
        ("ENVYBOX_COLLECTION", "\N{OPEN BOOK}" * 376),  # 1,504 bytes
        ("ENVYBOX_COLLECTION", "a\udcff"),
        ("ENVYBOX_TOPIC_PREFIX", "goog-"),
        ("ENVYBOX_TOPIC_PREFIX", "1-"),
        ("ENVYBOX_TOPIC_PREFIX", "a/"),
        ("ENVYBOX_TOPIC_PREFIX", "a" * 201),
        ("ENVYBOX_TIMEZONE", "Moscow"),
        ("ENVYBOX_TIMEZONE", "Europe"),
        ("ENVYBOX_TIMEZONE", "../etc/passwd"),
        ("ENVYBOX_TIMEZONE", "Europe/Moscow\0"),
        ("ENVYBOX_TIMEZONE", "a" * 10_000),
        ("ENVYBOX_PHONE_REGION", "RUS"),
        ("ENVYBOX_PHONE_REGION", "ZZ"),
        ("ENVYBOX_RETENTION_DAYS", "-1"),
        ("ENVYBOX_RETENTION_DAYS", "1.5"),
        ("ENVYBOX_RETENTION_DAYS", "36501"),
        ("ENVYBOX_RETENTION_DAYS", "9" * 5000),
        ("ENVYBOX_DEDUP_HOURS", "nan"),
        ("ENVYBOX_DEDUP_HOURS", "inf"),
        ("ENVYBOX_DEDUP_HOURS", "-0.1"),
        ("ENVYBOX_DEDUP_HOURS", "8761"),
        ("ENVYBOX_RECOVER_AFTER_SECONDS", "1m"),
        ("ENVYBOX_RECOVER_AFTER_SECONDS", "86401"),
        ("ENVYBOX_PAIRING", "maybe"),
    ],
)
def test_unusable_values(name: str, text: str) -> None:
    """A value that cannot be used is refused in one line that names the setting."""
    with pytest.raises(SettingsError) as caught:
        load({name: text})
    assert name == caught.value.name
    assert re.fullmatch(rf"{name}: .+ cannot be used: it takes .+\.", str(caught.value))


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters())))
def test_any_text(environ: dict[str, str]) -> None:
    """Whatever the environment holds, it gives settings, or one line naming a setting of it."""
    try:
        load(environ)
    except SettingsError as refused:
        error = refused
    else:
        return
    assert error.name in environ
    assert str(error).startswith(f"{error.name}: ")
    assert len(str(error).splitlines()) == 1
