from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from envybox.receiver.normalize.phone import e164
from tests.receiver.normalize.support import event_with, reasons, texts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("79000000000", "+79000000000"),
        ("+7 900 000-00-00", "+79000000000"),
        ("8 (900) 000-00-00", "+79000000000"),
        ("89000000000", "+79000000000"),
        ("9000000000", "+79000000000"),
        ("＋７９０００００００００", "+79000000000"),
        ("тел. 8-900-000-00-00", "+79000000000"),
        ("79000000000" + " " * 300, "+79000000000"),
        # A plus before the eight is a slip: no country's code is 8 alone.
        ("+8 (900) 000-00-00", "+79000000000"),
        ("＋8-800-000-00-00", "+78000000000"),
        ("+88000000000", "+78000000000"),
        ("+89000000000", "+79000000000"),
        ("+8900-000-00-00", "+79000000000"),
        ("＋８ ９００ ０００ ００ ００", "+79000000000"),
        ("+8 4 912 345 678", "+74912345678"),
        ("+84912345678", "+84912345678"),
        ("+8801700000000", "+8801700000000"),
        ("+8 1 90 0000 0000", "+819000000000"),
        ("+1 202 555 0100", "+12025550100"),
        ("12025550100", "+12025550100"),
        ("380440000000", "+380440000000"),
        ("(380) 44 000-00-00", "+380440000000"),
        # Not in use as far as is known, but of a possible length: the region's comes first.
        ("8 (123) 456-78-90", "+71234567890"),
        ("1234567890", "+71234567890"),
        ("84000000000", "+74000000000"),
        ("+7 123 456-78-90", "+71234567890"),
        # Ten digits of which the first could be a prefix, but that are in use.
        ("800 100 00 00", "+78001000000"),
        ("7771000000", "+77771000000"),
        ("8 900 000-00-00 доб. 12", "+79000000000"),
        ("89000000000 (Иван)", "+79000000000"),
        ("8 900 000-00-00 John", "+79000000000"),
    ],
)
def test_spellings(text: str, number: str) -> None:
    """The many spellings of a number are one."""
    assert number == e164(text, "RU")


def test_region() -> None:
    """A number without a country code is the region's."""
    assert ("+380440000000", "+12025550100") == (
        e164("044 000 00 00", "UA"),
        e164("(202) 555-0100", "US"),
    )
    assert "+84912345678" == e164("+8 4 912 345 678", "VN")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "нет",
        "112",
        "000-00-00",  # an area code is missing: +70000000 would be another's number
        "0" * 30,
        "+",
        "+7",
        "7" * 251,
        "\x00",
        "7900000000",  # a digit is missing
        "8 900 000-00-0",
        "8-900-O00-00-00",  # with letters in the place of digits
        "0501000000",
        "790000000000",  # one too many
        "79000000000 1234",
        "8 900 000 00 00 (123)",
        "79000000000 / 79000000001",
    ],
)
def test_not_a_phone_number(text: str) -> None:
    """What cannot be a whole phone number is refused."""
    with pytest.raises(ValueError, match="not a phone number"):
        e164(text, "RU")


def test_fields() -> None:
    """The visitor's phone keeps its text; one that is no phone number is None with a warning."""
    good = event_with(phone=" 8 (900) 000-00-00 ", manager_phone="79000000001")
    bad = event_with(phone="нет", manager_phone="x")

    assert (" 8 (900) 000-00-00 ", "+79000000000") == (good.visitor.phone_text, good.visitor.phone)
    assert "+79000000001" == good.manager.phone
    assert ("нет", None, None) == (bad.visitor.phone_text, bad.visitor.phone, bad.manager.phone)
    assert {("phone", "not a phone number"), ("manager_phone", "not a phone number")} == set(
        reasons(bad)
    )


@settings(deadline=None)
@given(texts)
def test_any_text(text: str) -> None:
    """Any text is a number in E.164 or refused with a ValueError."""
    try:
        number = e164(text, "RU")
    except ValueError:
        return
    assert re.fullmatch(r"\+[0-9]{3,19}", number)
