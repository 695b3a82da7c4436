from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from envybox.errors import InvalidKey, NotConfigured
from envybox.receiver.keys import KeyRing
from envybox.receiver.keys import ring as ring_module
from envybox.settings import Settings, load
from envybox.webhook import Fields
from tests.samples import KEY, OTHER_KEY

MakeSettings = Callable[..., Settings]


def test_verify(settings: MakeSettings) -> None:
    """The label of the one field `key` is returned."""
    ring = KeyRing(settings(ENVYBOX_KEYS=f"a={KEY},b={OTHER_KEY}"))
    assert ("a", "b") == (ring.verify([("key", KEY)]), ring.verify([("x", ""), ("key", OTHER_KEY)]))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("webhooktype", "1")],
        [("key", "")],
        [("key", OTHER_KEY)],
        [("key", KEY.upper())],
        [("key", KEY + " ")],
        [("key", KEY[:-1])],
        [("key", KEY + "0")],
        [("key", "*")],
        [("key", "\ud800")],
        [("key", KEY), ("key", KEY)],
        [("key", KEY), ("key", OTHER_KEY)],
        [("key[]", KEY)],
        [("key[0]", KEY)],
        [(" key", KEY)],
        [("Key", KEY)],
        [("", KEY)],
        [("key", f'["{KEY}"]')],
    ],
)
def test_verify_refuses(settings: MakeSettings, fields: Fields) -> None:
    """No key, two of them and a wrong one are refused alike, with no word of which it was."""
    with pytest.raises(InvalidKey) as caught:
        KeyRing(settings()).verify(fields)
    assert (None, "invalid_key") == (caught.value.detail, str(caught.value))


def test_unconfigured(settings: MakeSettings) -> None:
    """Without any key nothing is accepted, not even no key."""
    ring = KeyRing(settings(ENVYBOX_KEYS=""))
    assert not ring.configured
    for fields in ([], [("key", "")], [("key", KEY)]):
        with pytest.raises(NotConfigured):
            ring.verify(fields)


def test_compares_in_constant_time(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right key and a wrong one are both compared by `compare_digest`, never as plain text."""
    compared = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(ring_module.hmac, "compare_digest", compare_digest)
    ring = KeyRing(settings())
    ring.verify([("key", KEY)])
    with pytest.raises(InvalidKey):
        ring.verify([("key", OTHER_KEY)])
    assert 2 == len(compared)
    assert [] == [pair for pair in compared if KEY.encode() in pair]


def test_holds_no_key(settings: MakeSettings) -> None:
    """A ring keeps digests alone: what prints it prints no key."""
    assert KEY not in repr(vars(KeyRing(settings())))


@given(st.text(st.characters()))
def test_verify_any_text(presented: str) -> None:
    """Whatever is presented as a key is refused, unless it is one."""
    assume(presented != KEY)
    with pytest.raises(InvalidKey):
        KeyRing(load({"ENVYBOX_KEYS": KEY})).verify([("key", presented)])
