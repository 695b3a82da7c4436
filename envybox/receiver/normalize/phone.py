"""Phone numbers: many spellings, one form (E.164)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

_LONGEST = 250  # characters: phonenumbers refuses longer ones, and the cache need not keep them
_PLUS = re.compile("[+＋]")
_PLUS_8 = re.compile(r"[+＋]\s*[8８](?:\D|800\d{7}\s*$)")  # no country's code is 8 alone
_DIGIT = re.compile(r"\d")  # of any script, as phonenumbers reads them
_LEAST_INTERNATIONAL = 11  # digits
_RUSSIA = 7  # and Kazakhstan
_RUSSIAN = 10  # digits
_PREFIXES = {0, 7, 8}


def e164(text: str, region: str) -> str:
    """Return the number in E.164: `8 (999) 888-77-66` in the region RU is `+79998887766`.

    The number is read as the region's; where that gives none of a possible length and
    there is no plus, as an international one that lacks it. Raises `ValueError` where
    there is none. Whether a number of a possible length is in use is not asked: plans
    change, and a lead whose number is new must not lose it.
    """
    text = text.strip()
    number = _e164(text, region) if len(text) <= _LONGEST else None
    if number is None:
        raise ValueError("not a phone number")
    return number


@lru_cache(maxsize=4096)  # one call brings several webhooks, and managers are few
def _e164(text: str, region: str) -> str | None:
    digits = _DIGIT.findall(text)
    for number in _readings(text, digits, region):
        if _is_possible(number, digits):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def _readings(text: str, digits: list[str], region: str) -> Iterator[PhoneNumber]:
    # Words after the number would be read as digits, as in 1-800-FLOWERS.
    text = text[: text.rindex(digits[-1]) + 1] if digits else text
    candidates = [text]
    if len(digits) >= _LEAST_INTERNATIONAL:
        plain = text[text.index(digits[0]) :]
        if _PLUS.search(text) is None:
            candidates.append("+" + plain)
        elif _is_slip(digits, region):
            candidates.insert(0 if _PLUS_8.search(text) else 1, plain)
    for candidate in candidates:
        try:
            yield phonenumbers.parse(candidate, region)
        except NumberParseException:
            continue


def _is_slip(digits: list[str], region: str) -> bool:
    """Whether it may be a number that begins with the 8 of national calls, a plus before it."""
    return (
        len(digits) == _RUSSIAN + 1
        and int(digits[0]) == 8
        and phonenumbers.country_code_for_region(region) == _RUSSIA
    )


def _is_possible(number: PhoneNumber, digits: list[str]) -> bool:
    # Not is_possible_number(): it takes numbers that lack their area code, whose E.164
    # form would be another's number.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        return False
    if number.country_code != _RUSSIA:
        return True
    # 14 digits are possible there too, in special numbers, but here they are two numbers or
    # a slip. Of ten, a first 7, 8 or 0 is a prefix before most of a number, unless in use.
    if len(phonenumbers.national_significant_number(number)) != _RUSSIAN:
        return False
    if len(digits) == _RUSSIAN and int(digits[0]) in _PREFIXES:
        return phonenumbers.is_valid_number(number)
    return True
