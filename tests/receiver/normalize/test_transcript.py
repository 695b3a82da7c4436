from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.event import TranscriptEntry
from envybox.receiver.normalize.transcript import parse
from tests.receiver.normalize.support import MOSCOW, texts

AT = datetime(2024, 1, 12, 15, 36, tzinfo=UTC)


def _person(text: str, author: str = "Мария") -> TranscriptEntry:
    return TranscriptEntry(author=author, at=AT, text=text)


def _unparsed(text: str) -> TranscriptEntry:
    return TranscriptEntry(text=text)


def test_whole() -> None:
    """A transcript is its entries: author, time in UTC, text and kind."""
    text = (
        "[Автоответ, 12.01.2024 в 18:36]\n Здравствуйте!\n\n"
        "[Системное сообщение, 12.01.2024 в 18:36]\n Мария подключилась\n\n"
        "[Мария, 12.01.2024 в 18:36:00]\n &quot;Добрый&quot; день.\n \n  Чем помочь?\n\n"
        "[Посетитель, 12.01.2024 в 18:37]\n"
    )

    assert [
        TranscriptEntry(author="Автоответ", at=AT, text="Здравствуйте!", kind="auto_reply"),
        TranscriptEntry(
            author="Системное сообщение", at=AT, text="Мария подключилась", kind="system"
        ),
        _person('"Добрый" день.\n \n  Чем помочь?'),
        TranscriptEntry(author="Посетитель", at=AT + timedelta(minutes=1), text=""),
    ] == parse(text, MOSCOW)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("[Мария, 12.01.2024 в 18:36] Да", _person("Да")),
        ("[Мария, 12.01.2024 в 18:36]Да\n нет", _person("Да\n нет")),
        ("[Мария, 12.01.2024 в 18:36] \t\n Да", _person("Да")),
        ("[Мария, 12.01.2024 в 18:36]\n  Да ", _person(" Да ")),
        ("[Мария, 12.01.2024 в 18:36]\r\n Да\r\nнет\r\n\r\n", _person("Да\nнет")),
        ("[Мария, 12.01.2024 в 18:36]\r Да\rнет\r", _person("Да\nнет")),
        ("[Мария, 12.01.2024 в 18:36]<br>Да<BR/>нет<br />", _person("Да\nнет")),
        ("[Мария, 12.01.2024 в 18:36]<br />\n Да<br />\r\nнет<br>", _person("Да\nнет")),
        (r"[Мария, 12.01.2024 в 18:36]\n Да\nнет\n", _person("Да\nнет")),
        (r"[Мария, 12.01.2024 в 18:36]\r\n Да\r\nнет", _person("Да\nнет")),
        (r"[Мария, 12.01.2024 в 18:36] C:\new", _person(r"C:\new")),
        ("[Мария, 12.01.2024 в 18:36]\n C:\\new", _person(r"C:\new")),
        ("[Мария, 12.01.2024 в 18:36]\n &lt;br&gt; <b>", _person("<br> <b>")),
        ("\u200e[Мария, 12.01.2024\u202fв 18:36]\n Да", _person("Да")),
        ("\u202b\u200f[Мария, 12.01.2024 в 18:36]\n Да", _person("Да")),
        ("[Мария, 12.01.2024 в 18:36]", _person("")),
        ("[Мария, 12.01.2024 в 18:36]\n\n\n", _person("")),
        ("[Мария, 12.1.2024 в 18:36]\nДа", _person("Да")),
        ("[Мария,12.01.2024\xa0В  18:36]\nДа", _person("Да")),
        ("[Ива, Анна [1] (чат), 12.01.2024 в 18:36]\nx", _person("x", "Ива, Анна [1] (чат)")),
        ("[&lt;b&gt;, 12.01.2024 в 18:36]\nx", _person("x", "<b>")),
        (
            "[СИСТЕМНОЕ  СООБЩЕНИЕ , 12.01.2024 в 18:36]\nx",
            TranscriptEntry(author="СИСТЕМНОЕ  СООБЩЕНИЕ ", at=AT, text="x", kind="system"),
        ),
        ("[ , 12.01.2024 в 18:36]\nx", TranscriptEntry(at=AT, text="x")),
        (
            "[Я, 12.01.2024 в 18:36] a, 12.01.2024 в 18:37] b",
            _person("a, 12.01.2024 в 18:37] b", "Я"),
        ),
        # Escaped text cannot make a header.
        ("&#91;Мария, 12.01.2024 в 18:36]\nx", _unparsed("[Мария, 12.01.2024 в 18:36]\nx")),
        ("[Мария, 99.01.2024 в 18:36]\n x\n", _unparsed("[Мария, 99.01.2024 в 18:36]\n x\n")),
        ("[Мария, 01.01.1970 в 3:00]\nx", _unparsed("[Мария, 01.01.1970 в 3:00]\nx")),
        ("[Мария, 01.01.0001 в 0:00]\nx", _unparsed("[Мария, 01.01.0001 в 0:00]\nx")),
        ("[Мария]\n x", _unparsed("[Мария]\n x")),
        (" [Мария, 12.01.2024 в 18:36]", _unparsed(" [Мария, 12.01.2024 в 18:36]")),
        ("  привет &amp; \n", _unparsed("  привет & \n")),
    ],
)
def test_one_entry(text: str, entry: TranscriptEntry) -> None:
    """A header has its form; text without one is one entry, with nothing dropped."""
    assert [entry] == parse(text, MOSCOW)


def test_text_before_the_first_header() -> None:
    """What stands before the first header is an entry of its own, blank lines are not."""
    header = "[Мария, 12.01.2024 в 18:36]\n Да"

    assert [_unparsed(" чат &amp;quot;"), _person("Да")] == parse(
        f" чат &amp;amp;quot;\n\n{header}", MOSCOW
    )
    assert [_person("Да")] == parse(f" \n\n{header}", MOSCOW)


def test_impossible_header_between_others() -> None:
    """A block whose time cannot be is an entry of nobody, its header with it."""
    text = (
        "[Мария, 12.01.2024 в 18:36]\n Да\n\n[Анна, 12.13.2024 в 18:36]\n &quot;нет&quot;\n\n"
        "[Мария, 12.01.2024 в 18:36]\n жаль"
    )

    assert [
        _person("Да"),
        _unparsed('[Анна, 12.13.2024 в 18:36]\n "нет"'),
        _person("жаль"),
    ] == parse(text, MOSCOW)


_times = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(MOSCOW),
    allow_imaginary=False,  # no hour that the clocks leave out
).map(lambda time: time.replace(fold=0))
_lines = st.one_of(
    st.tuples(st.text("Яa ,[]", max_size=5), _times).map(
        lambda said: f"[{said[0]}, {said[1]:%d.%m.%Y в %H:%M:%S}]"
    ),
    st.sampled_from(["", " ", " текст", "[Я, 40.01.2024 в 18:36:00]", "[Я]", "] x", "\r"]),
    st.text().filter(lambda text: "&" not in text),
)


def _said(entry: TranscriptEntry) -> str:
    if entry.at is None:
        return entry.text
    return f"[{entry.author or ''}, {entry.at.astimezone(MOSCOW):%d.%m.%Y в %H:%M:%S}]{entry.text}"


@given(st.lists(_lines).map("\n".join))
def test_nothing_is_lost(text: str) -> None:
    """The entries together say all that the transcript says, white space aside."""
    said = "".join(_said(entry) for entry in parse(text, MOSCOW))

    assert "".join(text.split()) == "".join(said.split())


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "<br>", "<br />\n", "\\n"])
@given(
    st.lists(
        st.tuples(
            st.text("АБв г,", min_size=1).filter(str.strip),
            _times,
            st.lists(st.text("абв.! &;[]/"), min_size=1).map("\n".join),
        ),
        min_size=1,
    )
)
def test_any_line_break(line_break: str, chat: list[tuple[str, datetime, str]]) -> None:
    """A transcript reads the same whichever of the five line breaks it has."""
    text = "\n\n".join(f"[{author}, {at:%d.%m.%Y в %H:%M}]\n {said}" for author, at, said in chat)

    assert parse(text, MOSCOW) == parse(text.replace("\n", line_break), MOSCOW)


@given(texts)
def test_any_text(text: str) -> None:
    """Any text is at least one entry."""
    assert parse(text, MOSCOW)


@given(
    st.lists(
        st.tuples(
            st.text("АБв г", min_size=1).filter(str.strip),
            _times.map(lambda time: time.replace(second=0, microsecond=0)),
            st.text("абв. !").map(lambda text: f"{text}.\n{text}."),
        ),
        min_size=1,
    )
)
def test_what_was_said_comes_back(chat: list[tuple[str, datetime, str]]) -> None:
    """A transcript in the vendor's form comes back entry by entry."""
    text = "\n\n".join(f"[{author}, {at:%d.%m.%Y в %H:%M}]\n {said}" for author, at, said in chat)

    assert [
        TranscriptEntry(author=author, at=at.astimezone(UTC), text=said)
        for author, at, said in chat
    ] == parse(text, MOSCOW)
