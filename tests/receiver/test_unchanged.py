"""What was right stays as it was: the events of the samples, byte for byte.

Subscribers have seen these, and stored events are found by these ids. A digest that differs
here is a change of what is published: it needs a reason, and a line in the changelog.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest

from envybox.event import NORMALIZER_VERSION
from envybox.receiver import message
from envybox.receiver.request import read_fields
from envybox.webhook import Fields, encode_raw
from tests.contract.samples import new_chat, new_lead
from tests.samples import SAMPLES, event_of

_ALL: dict[str, Fields] = SAMPLES | {
    "the contract's lead": list(new_lead(visitor_id="700").items()),
    "the contract's chat": list(new_chat(chat_id="800").items()),
}
_MADE = {
    "the help page's example": (
        "2962a3070faf64e53f930adc94f4d04b",
        "6cae3063c539ac2b2487177691197d12",
    ),
    "a call starts": (
        "818375319de5a1b4e810abc6658fd699",
        "22e9d1108a8021c40902a526ec63a871",
    ),
    "a call: they talked": (
        "41548a1210b114399264affcb493a714",
        "3ffe73aa441888233eebba5e3ff67181",
    ),
    "a call-back is ordered for another time": (
        "2033aae257c54a88d2a42257c884a5c5",
        "cc039dce1c2c4988710c0cd5667bbfe5",
    ),
    "a manager writes in the chat": (
        "4123bb32cce68cb813fe3af961db7641",
        "dfecfbc6c625cc966ed41a5bf45ec55a",
    ),
    "the chat's offline form": (
        "9db66bd581380b8e73d7109e24789431",
        "04078571b1ad6ae3eccab0f80b33171f",
    ),
    "the end of an online chat": (
        "f940e685b248ac9d415f384b88b5d9b9",
        "59fd5044a2c785824877c5f7fe6437e2",
    ),
    "the lead generator": (
        "04d5ee3cde2e051fe4aed98e984df761",
        "589ab4d0fdb57536e4842a810c4e3cc2",
    ),
    "the quiz": (
        "ec60c54c0c0da94e27682dcd96f2ea10",
        "604a4578675c41924d7ce91abc5c79af",
    ),
    "the video widget": (
        "e47d4a9df2b5030ba203efab6274a9cb",
        "469db9a5767e51ccc22471746d92f3a4",
    ),
    "the contract's lead": (
        "d441b06b64e0dc90fe0e5d42f3705477",
        "09503d3a1276d489c0f02c6ac73082b8",
    ),
    "the contract's chat": (
        "4ef20ed5ccb477080d3fc1e2d185bd49",
        "9dcf7631f5815bf02745177307cafc10",
    ),
}
"""By sample: the event's id, and the digest of its message and of what is kept verbatim."""


def made(fields: Fields) -> tuple[str, str]:
    """Return the id and the digest of what becomes of fields that were sent as a form."""
    read, warnings = read_fields(urlencode(fields).encode(), "application/x-www-form-urlencoded")
    assert [] == warnings
    event = event_of(read)
    sent = message.of_event(event)
    parts = (sent.data.decode(), sorted(sent.attributes.items()), sent.ordering_key)
    return event.id, hashlib.sha256(repr((*parts, encode_raw(read))).encode()).hexdigest()[:32]


@pytest.mark.parametrize("title", _ALL)
def test_samples_are_what_they_were(title: str) -> None:
    """Each sample's event, message and raw fields are those of the releases before."""
    assert _MADE[title] == made(_ALL[title])


def test_the_version_rises_with_a_change() -> None:
    """Where the digests above change, the normalizer's version rises, and this with it."""
    assert 1 == NORMALIZER_VERSION
