from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.receiver.request.text import BROKEN_UTF8, NOT_UTF8, decode, decode_pairs


@given(st.text())
def test_utf8(text: str) -> None:
    """Any UTF-8 is read as what it is."""
    assert (text, None) == decode(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "Заказ звонка № 1",
        "Иван",
        # A letter and `ё` are a character of UTF-8 too.
        "Пётр",
        "Фёдор",
        "Лёша",
        "ПЁТР",
        "Счёт",
        "Рёбра",
        "Ёлка — «Ёж»",
        "«МИР»",
        "АО «ЁЖ»",
        "С\xa0уважением, Анна",
        "г. Орёл, ул. Берёзовая, д. 5",
        "Київ, Україна",
        "Пётр " * 10_000,
    ],
)
def test_windows_1251(text: str) -> None:
    """Russian in windows-1251 is read as that, also where some of it would be UTF-8."""
    assert (text, NOT_UTF8) == decode(text.encode("cp1251"))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Привет".encode()[:-1], "Приве\ufffd"),
        ("Привет".encode()[1:], "\ufffdривет"),
        ("А Россия".encode().replace(b"\xa0", b" "), "А \ufffd оссия"),
        ("Да".encode() + b"\xff", "Да\ufffd"),
        ("😀 ок".encode()[1:], "\ufffd\ufffd\ufffd ок"),
        ("très é".encode()[:-1], "très \ufffd"),
        ("Привет ".encode() * 10_000 + b"\xd0", "Привет " * 10_000 + "\ufffd"),
    ],
)
def test_broken_utf8(data: bytes, text: str) -> None:
    """UTF-8 with a broken byte keeps all of its other characters."""
    assert (text, BROKEN_UTF8) == decode(data)


@given(st.binary())
@example(b"\x98")
@example(b"\xff\xfe\x00")
@example(b"\xed\xa0\x80")  # a surrogate's would-be UTF-8
def test_any_bytes(data: bytes) -> None:
    """Any bytes are read as text that UTF-8 can hold, in one of the three ways."""
    text, reason = decode(data)
    assert (data == text.encode()) is (reason is None)
    if reason == BROKEN_UTF8:
        assert "\ufffd" in text


def test_windows_1251_keeps_every_byte() -> None:
    """No two bytes become the same character, so that nothing is lost that cannot be undone."""
    # The first byte, 0xFF, makes sure that it is not taken for UTF-8.
    texts = {decode(bytes((0xFF, byte)))[0] for byte in range(256)}
    assert 256 == len(texts)


# Eight characters at least: of two letters, one of them broken, nobody can tell.
_PROSE = st.text(
    st.sampled_from("абвгдежзийклмнопрстуфхцчшщьыъэюяіїєґАБВГДЕЁЖРС«»—№ .,aB1\xa0😀中é"), min_size=8
)
_BREAKS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=1)), min_size=1, max_size=3
)


@given(_PROSE, _BREAKS)
def test_broken_utf8_keeps_the_rest(text: str, breaks: list[tuple[float, bytes]]) -> None:
    """Any UTF-8 keeps its other characters where up to three bytes are cut or replaced."""
    characters = [character.encode() for character in text]
    for place, byte in breaks:
        index = int(place * len(characters))
        old = characters[index]
        characters[index] = old[:-1] + byte if place * 1000 % 2 < 1 else byte + old[1:]
    kept = [new.decode() for new, old in zip(characters, text, strict=True) if new == old.encode()]
    rest: Iterator[str] = iter(decode(b"".join(characters))[0])
    if sum(character > "\x7f" for character in kept) >= 6:
        assert [character for character in kept if character not in rest] == []


def test_pairs() -> None:
    """Each name and value is read on its own, and a warning names what was not UTF-8."""
    name, value = "имя".encode("cp1251"), "Иван".encode("cp1251")
    broken = "Пётр Иванов".encode()[:-1]
    pairs = [(b"a", value), ("ё".encode(), b"x"), (name, b"x"), (b"a", b"x"), (b"b", broken)]
    assert (
        [("a", "Иван"), ("ё", "x"), ("имя", "x"), ("a", "x"), ("b", "Пётр Ивано\ufffd")],
        [
            FieldWarning("a", NOT_UTF8),
            FieldWarning("имя", NOT_UTF8),
            FieldWarning("b", BROKEN_UTF8),
        ],
    ) == decode_pairs(pairs)
