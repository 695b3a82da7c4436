from __future__ import annotations

import pytest

from envybox.event import Visitor
from envybox.receiver.normalize.visitor import split_place, visitor_of
from tests.receiver.normalize.support import form_with


@pytest.mark.parametrize(
    ("place", "city", "region"),
    [
        ("Краснодар, Краснодарский край", "Краснодар", "Краснодарский край"),
        ("Санкт-Петербург", "Санкт-Петербург", None),
        ("Химки ,Московская область, Россия", "Химки", "Московская область, Россия"),
        (", Краснодарский край", None, "Краснодарский край"),
        ("Москва,", "Москва", None),
        (",", None, None),
    ],
)
def test_places(place: str, city: str | None, region: str | None) -> None:
    """City and region stand before and after the first comma; either may be missing."""
    assert (city, region) == split_place(place)


def test_all_fields() -> None:
    """A visitor has all that was sent of them."""
    visitor = visitor_of(
        form_with(
            visitor_id="20000000001",
            name=" Анна ",
            phone="79000000000",
            email="anna@example.com",
            ip="192.0.2.1",
            place="Москва",
        )
    )

    assert (
        Visitor(
            id="20000000001",
            name=" Анна ",
            phone="+79000000000",
            phone_text="79000000000",
            email="anna@example.com",
            ip="192.0.2.1",
            place="Москва",
            city="Москва",
        )
        == visitor
    )


def test_no_fields() -> None:
    """A visitor of whom nothing is known is there all the same."""
    assert Visitor() == visitor_of(form_with(name="", place=" "))
