"""Phone numbers: many spellings, one form (E.164).

What a spelling means depends on how its country dials. In Russia and Kazakhstan an 8 stands
before an area code and 8~10 before another country's. Belarus dials 8 before an area code
that is written with its 0, and Ukraine did: `80…` is theirs, for no number of +7 begins with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
)

_LONGEST = 250  # characters: phonenumbers refuses longer ones, and the cache need not keep them
_PLUS_8 = re.compile(r"[+＋]\s*[8８](?:\D|800\d{7}\s*$)")  # no country's code is 8 alone
# A digit is one of any script, as phonenumbers reads them.
_NUMBER = re.compile(r"(?:[+＋]\W*)?\d(?:[\W\d_]*\d)?")
_FRACTION = re.compile(r"(?<=\d{10})[.,]0{1,2}$")  # a spreadsheet took it for an amount
_EXTENSION = re.compile(
    r"[\s,;(]*(?:доб|доп|вн|ext|[xх#№])\D{0,20}\d{1,8}\D*$",
    re.IGNORECASE,
)
_BETWEEN_NUMBERS = re.compile(r"[;,/|\\&+＋]")
_LEAST_INTERNATIONAL = 11  # digits
_RUSSIA = 7  # and Kazakhstan
_RUSSIAN = 10  # digits
_RUSSIAN_FIRST = frozenset("346789")
_BELARUS, _UKRAINE = 375, 380


def e164(text: str, region: str) -> str:
    """Return the number in E.164: `8 (999) 888-77-66` in the region RU is `+79998887766`.

    The number is read as the region's; where that gives none that can be and there is no
    plus, as an international one that lacks it. An extension is left out. Raises `ValueError`
    where there is no number, or more than one. Where a number says its country, or begins
    as the region dials, it need not be in use as far as is known: plans change, and a lead
    whose number is new must not lose it. It must fit the country's plan. A reading that only
    guesses must be in use.
    """
    text = text.strip()
    number = _e164(text, region) if len(text) <= _LONGEST else None
    if number is None:
        raise ValueError("not a phone number")
    return number


@lru_cache(maxsize=4096)  # one call brings several webhooks, and managers are few
def _e164(text: str, region: str) -> str | None:
    # Words after the number would be read as digits, as in 1-800-FLOWERS.
    text = _FRACTION.sub("", _EXTENSION.sub("", text))
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1:  # a word between digits: two numbers, or a slip
        return None
    number = _read(numbers[0], region)
    first, *others = _BETWEEN_NUMBERS.split(numbers[0][1:])
    pieces = (numbers[0][0] + first, *others) if others else ()
    return number if {_read(piece, region) for piece in pieces} <= {number, None} else None


def _read(text: str, region: str) -> str | None:
    digits = "".join(str(int(digit)) for digit in text if digit.isdecimal())
    for number in _readings(text, digits, region):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def _readings(text: str, digits: str, region: str) -> Iterator[PhoneNumber]:
    """Return the numbers that the digits may be, the likeliest first."""
    country = phonenumbers.country_code_for_region(region)
    dials_8 = country == _RUSSIA
    with_prefix = digits[0] if dials_8 and len(digits) == _RUSSIAN + 1 else ""
    as_dialled = with_prefix == "8"
    if text.startswith(("+", "＋")):
        says = _possible(f"+{digits}", region)
        # A plus before the 8 of national calls is a slip.
        slip = _dialled(digits, region) if as_dialled else ()
        yield from (*slip, *says) if _PLUS_8.match(text) else (*says, *slip)
    elif as_dialled:
        yield from _dialled(digits, region)
    elif with_prefix == "7":
        yield from _possible(f"+{digits}", region)
    else:
        guessed = dials_8 and len(digits) == _RUSSIAN
        yield from _in_use(digits, region) if guessed else _possible(digits, region)
        if country == _UKRAINE and digits.startswith("80") and len(digits) == _RUSSIAN + 1:
            yield from _in_use(f"+{_UKRAINE}{digits[2:]}", region)  # as it dialled until 2009
        elif len(digits) >= _LEAST_INTERNATIONAL:
            yield from _in_use(f"+{digits}", region)


def _dialled(digits: str, region: str) -> Iterator[PhoneNumber]:
    """Return the number of eleven digits that begin with 8."""
    if digits[1] != "0":
        # `8 801 …`, not in use in Russia, is toll-free in Belarus: nobody can tell.
        for number in _possible(digits, region):
            belarusian = f"+{_BELARUS}{digits[1:]}"
            if phonenumbers.is_valid_number(number) or not _in_use(belarusian, region):
                yield number
        return
    numbers = [*_in_use(f"+{_BELARUS}{digits[2:]}", region)]
    numbers += _in_use(f"+{_UKRAINE}{digits[2:]}", region)
    if len(numbers) == 1:  # some codes are both countries'
        yield numbers[0]


def _possible(digits: str, region: str) -> list[PhoneNumber]:
    """Return the number, if any, that the plan of its country can have."""
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException:
        return []
    return [number] if _fits(number) else []


def _in_use(digits: str, region: str) -> list[PhoneNumber]:
    """Return the number, if any, that is in use, as far as is known."""
    return [one for one in _possible(digits, region) if phonenumbers.is_valid_number(one)]


def _fits(number: PhoneNumber) -> bool:
    """Whether the plan of the number's country can have it."""
    # Not is_possible_number(): it takes numbers that lack their area code, whose E.164
    # form would be another's number.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        return False
    national = phonenumbers.national_significant_number(number)
    code: Any = number.country_code
    if code == _RUSSIA:
        # 14 digits are possible there too, in special numbers, but here they are two numbers
        # or a slip.
        return len(national) == _RUSSIAN and national[0] in _RUSSIAN_FIRST
    region = phonenumbers.region_code_for_country_code(code)
    plan: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    return re.fullmatch(plan.general_desc.national_number_pattern, national) is not None
