from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from envybox.errors import SettingsError
from envybox.receiver.keys import parse
from envybox.receiver.keys.entries import read
from tests.samples import KEY, OTHER_KEY


@pytest.mark.parametrize(
    "text",
    [
        f"shop={KEY},{OTHER_KEY}",
        f"shop={KEY} {OTHER_KEY}",
        f"  shop={KEY}\r\n\r\n{OTHER_KEY}\n",
        f"\ufeffshop={KEY}\n,,{OTHER_KEY},\n",
        f"shop={KEY}\tdefault={OTHER_KEY}",
        f"shop={KEY},{OTHER_KEY},shop={KEY}",
    ],
)
def test_parse(text: str) -> None:
    """Keys are separated by commas or white space; one without a label is `default`'s."""
    assert parse(text, "ENVYBOX_KEYS") == {KEY: "shop", OTHER_KEY: "default"}


@pytest.mark.parametrize("text", ["", " ", ",\n,"])
def test_parse_nothing(text: str) -> None:
    """A text without a key gives none."""
    assert parse(text, "ENVYBOX_KEYS") == {}


def test_parse_shared_label() -> None:
    """Several keys may share a label, as while one replaces the other."""
    assert parse(f"a={KEY},a={OTHER_KEY}", "ENVYBOX_KEYS") == {KEY: "a", OTHER_KEY: "a"}


@pytest.mark.parametrize(
    "entry",
    [
        "changeme",
        f"={KEY}",
        f"a=b={KEY}",
        f"a/b={KEY}",
        f"{'a' * 65}={KEY}",
        f"a\udcff={KEY}",
        f"{KEY}=",
        f"«{KEY}»",
        f"{KEY}{'0' * 97}",
        f"a:{KEY}",
        KEY.upper(),
        f"shop={KEY.capitalize()}",
        f"{KEY}={'0' * 32}",
        f"{KEY.upper()}={'0' * 32}",
    ],
)
def test_parse_refuses(entry: str) -> None:
    """What is no key stops the start; the error tells where it stands, never what it is."""
    with pytest.raises(SettingsError) as caught:
        parse(f"good={OTHER_KEY},\n{entry}", "ENVYBOX_KEYS_FILE")
    text = str(caught.value)
    assert text.startswith("ENVYBOX_KEYS_FILE: ")
    assert "entry 2" in text
    assert entry.rpartition("=")[2].lower() not in text.lower() or not entry.rpartition("=")[2]
    assert KEY not in text.lower()
    assert OTHER_KEY not in text


def test_parse_two_labels() -> None:
    """A key can have one label only, or nobody knew whose webhook it is."""
    with pytest.raises(SettingsError, match="ENVYBOX_KEYS: the key of entry 2 has two labels"):
        parse(f"a={KEY},b={KEY}", "ENVYBOX_KEYS")


@given(
    st.dictionaries(
        st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
        st.from_regex(r"[a-zа-я0-9._-]{1,64}", fullmatch=True),
    ),
    st.sampled_from([",", " ", "\n", ", ", "\r\n"]),
)
def test_parse_round_trip(ring: dict[str, str], separator: str) -> None:
    """Any ring that is written out is read back as it was."""
    text = separator.join(f"{label}={key}" for key, label in ring.items())
    assume(not any(re.fullmatch("[0-9a-f]{32}", label) for label in ring.values()))
    assert ring == parse(text, "ENVYBOX_KEYS")


def test_read_the_good_ones() -> None:
    """Of a text with bad entries the good ones are read, and each bad one is told, not shown."""
    text = f"shop={KEY} changеme, {OTHER_KEY} other={OTHER_KEY} {KEY}={'0' * 32}"
    keys, problems = read(text, "ENVYBOX_KEYS_FILE")
    assert {KEY: "shop", OTHER_KEY: "default"} == keys
    told = [str(problem) for problem in problems]
    assert ["entry 2 ", "entry 4 ", "entry 5 "] == [
        re.findall(r"entry \d ", one)[0] for one in told
    ]
    assert not any(KEY in one or "chang" in one or "other" in one for one in told)


@given(st.text(st.characters()) | st.text("0aF=, \n/", max_size=200))
def test_parse_any_text(text: str) -> None:
    """Any text gives keys that UTF-8 can hold, or the settings' error."""
    try:
        ring = parse(text, "ENVYBOX_KEYS")
    except SettingsError:
        return
    assert [] == [key for key, label in ring.items() if len(key) < 16 or not label.encode()]
