from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.receiver.request.text import NOT_UTF8, decode, decode_pairs


@given(st.text())
def test_utf8(text: str) -> None:
    """Any UTF-8 is read as what it is."""
    assert (text, True) == decode(text.encode())


def test_windows_1251() -> None:
    """Bytes that are not UTF-8 are read as windows-1251."""
    assert ("Заказ звонка № 1", False) == decode("Заказ звонка № 1".encode("cp1251"))


@given(st.binary())
@example(b"\x98")
@example(b"\xff\xfe\x00")
@example(b"\xed\xa0\x80")  # a surrogate's would-be UTF-8
def test_any_bytes(data: bytes) -> None:
    """Any bytes are read as text that UTF-8 can hold, with or without windows-1251."""
    text, is_utf8 = decode(data)
    assert (data == text.encode()) is is_utf8


def test_windows_1251_keeps_every_byte() -> None:
    """No two bytes become the same character, so that nothing is lost that cannot be undone."""
    # The first byte, 0xFF, makes sure that it is not taken for UTF-8.
    texts = {decode(bytes((0xFF, byte)))[0] for byte in range(256)}
    assert 256 == len(texts)


def test_pairs() -> None:
    """Each field is read on its own, and a warning names what was not UTF-8."""
    name, value = "имя".encode("cp1251"), "Иван".encode("cp1251")
    pairs = [(b"a", value), ("ё".encode(), b"x"), (name, b"x"), (b"a", b"x")]
    assert (
        [("a", "Иван"), ("ё", "x"), ("имя", "x"), ("a", "x")],
        [FieldWarning("a", NOT_UTF8), FieldWarning("имя", NOT_UTF8)],
    ) == decode_pairs(pairs)
