from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

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
        # Not in use as far as is known, but of the plan: the region's comes first.
        ("84000000000", "+74000000000"),
        ("+7 612 345-67-89", "+76123456789"),
        # Belarus's and Ukraine's.
        ("80291234567", "+375291234567"),
        ("8 (029) 123-45-67", "+375291234567"),
        ("+8 029 123 45 67", "+375291234567"),
        ("8 (0152) 45-00-00", "+375152450000"),
        ("80501234567", "+380501234567"),
        ("8 (067) 123 45 67", "+380671234567"),
        # Calls abroad, as Russia dials them, and what is international beginning with 80.
        ("8~10 375 29 123-45-67", "+375291234567"),
        ("810375291234567", "+375291234567"),
        ("+800 1234 5678", "+80012345678"),
        # Tabs and line breaks are blanks, marks are marks.
        ("8 900\t000-00-00", "+79000000000"),
        ("8 (900)\r\n000-00-00", "+79000000000"),
        ("8;900;000;00;00", "+79000000000"),
        ("8/900/000-00-00", "+79000000000"),
        ("8/9000000000", "+79000000000"),
        ("79000000000;", "+79000000000"),
        ("8.900.000.00.00", "+79000000000"),
        ("(+7) 900 000_00_00", "+79000000000"),
        ("\u202a+7 900 000‑00‑00\u202c", "+79000000000"),
        ("79000000000.0", "+79000000000"),
        # Extensions.
        ("8 900 000-00-00 вн. 12", "+79000000000"),
        ("8 900 000-00-00 внутр. 123", "+79000000000"),
        ("8 900 000-00-00, добавочный 1234", "+79000000000"),
        ("8 900 000-00-00 (доб. 12)", "+79000000000"),
        ("8 900 000-00-00 ВНУТРЕННИЙ: 5", "+79000000000"),
        ("8 900 000-00-00 ext. 12", "+79000000000"),
        ("89000000000#12", "+79000000000"),
        ("89000000000х12", "+79000000000"),
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
    assert "+380891000000" == e164("80 89 1000000", "UA")  # +808 is a service of all countries


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
        "79000000000; 79000000001",
        "79000000000, 79000000001",
        "79000000000\n79000000001",
        "79000000000 или 79000000001",
        "+79000000000+79000000001",
        "8 (495) 000-00-00, 000-00-01",
        "(495) 000-00-00/01",
        "+49 5123 4567/68",
        # None of +7 begins with 0, 1, 2 or 5.
        "8 (123) 456-78-90",
        "1234567890",
        "+7 123 456-78-90",
        "+7 012 345-67-89",
        "72123456789",
        "8 (512) 345-67-89",
        "5123456789",
        # Both Belarus and Ukraine have it, and neither.
        "8 044 123-45-67",
        "80012345678",
        # Toll-free in Belarus, and not in use in Russia.
        "8 801 123-45-67",
        "79,0E9",
        "доб. 12",
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
    assert number[:2] != "+7" or number[2] in "346789"


_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
_TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE)
_MARKS = st.sampled_from(
    [" ", "-", "", ".", "/", ",", ";", "\t", "\n", " (", ") ", "\xa0", "‑", "_"]
)


@st.composite
def _in_use(draw: st.DrawFn) -> PhoneNumber:
    """Any number that is in use: an example of its region's, or one that differs in its end."""
    region = draw(st.sampled_from([*_REGIONS, *["RU", "KZ", "BY", "UA"] * 20]))
    example = phonenumbers.example_number_for_type(region, draw(st.sampled_from(_TYPES)))
    assume(example is not None)
    national = phonenumbers.national_significant_number(example)
    end = draw(st.text("0123456789", max_size=len(national) - 1))
    number = phonenumbers.parse(
        f"+{example.country_code}{national[: len(national) - len(end)]}{end}"
    )
    assume(phonenumbers.is_valid_number(number))
    return number


@st.composite
def _spelled(draw: st.DrawFn) -> tuple[PhoneNumber, str]:
    """A number that is in use, in its country's national spelling, with any punctuation."""
    number = draw(_in_use())
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    code = number.country_code
    if code in (375, 380) and draw(st.booleans()):
        digits = phonenumbers.national_significant_number(number)
        national = f"80 {digits[:2]} {digits[2:]}"
    groups = re.findall(r"\d+", national)
    marks = draw(st.lists(_MARKS, min_size=len(groups), max_size=len(groups)))
    return number, "".join(mark + group for mark, group in zip(marks, groups, strict=True))


def _read(text: str, region: str) -> str | None:
    try:
        return e164(text, region)
    except ValueError:
        return None


@settings(deadline=None, max_examples=300)
@given(_spelled())
def test_national_spelling_at_home(spelled: tuple[PhoneNumber, str]) -> None:
    """A number in use, spelled as its own country does, is read as itself or not at all."""
    number, text = spelled
    region = phonenumbers.region_code_for_number(number)
    assert region
    expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert _read(text, region) in (expected, None)


@settings(deadline=None, max_examples=300)
@given(_spelled())
def test_national_spelling_in_russia(spelled: tuple[PhoneNumber, str]) -> None:
    """In Russia, too, unless the very digits are a Russian number, or an international one."""
    number, text = spelled
    digits = "".join(re.findall(r"\d", text))
    also = {f"+7{digits}" if len(digits) == 10 else f"+{digits}"}
    expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert _read(text, "RU") in {expected, None, *also}
    for other in also - {expected}:
        if _read(text, "RU") == other:
            assert phonenumbers.is_valid_number(phonenumbers.parse(other))


@settings(deadline=None, max_examples=300)
@given(_in_use(), st.sampled_from(["RU", "KZ", "BY", "UA", "US", "DE"]))
def test_international_spelling(number: PhoneNumber, region: str) -> None:
    """A number in use is read as itself where it tells its country, whatever the region."""
    expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
        assert expected == _read(phonenumbers.format_number(number, form), region)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from("346789"), st.text("0123456789", min_size=9, max_size=9))
def test_russian_numbers(first: str, rest: str) -> None:
    """Any number that the plan of +7 can have is read, with its code and as it is dialled."""
    expected = f"+7{first}{rest}"
    assert expected == _read(f"+7 {first}{rest}", "RU")
    assert expected == _read(f"7{first}{rest}", "RU")
    assert _read(f"8 ({first}{rest[:2]}) {rest[2:]}", "RU") in (expected, None)
