from __future__ import annotations

import pytest

from envybox.receiver.keys import pairing_key
from envybox.webhook import Fields
from tests.samples import KEY, OTHER_KEY


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        (KEY, [("webhooktype", "1"), ("key", KEY)]),
        (KEY, [("key", KEY), ("webhooktype", " 31 ")]),
        (None, [("webhooktype", "1")]),
        (None, [("webhooktype", "1"), ("key", "secret")]),
        (None, [("webhooktype", "1"), ("key", KEY.upper())]),
        (None, [("webhooktype", "1"), ("key", KEY + "\n")]),
        (None, [("webhooktype", "1"), ("key", KEY), ("key", OTHER_KEY)]),
    ],
)
def test_pairing_key(expected: str | None, fields: Fields) -> None:
    """Only a key like Envybox's own, and the only one there is, is given away for pairing."""
    assert expected == pairing_key(fields)
