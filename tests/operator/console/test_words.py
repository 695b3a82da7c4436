from __future__ import annotations

import re
from pathlib import Path

import pytest

from envybox.event import CALL_STATES
from envybox.operator.console import words as module
from envybox.operator.console.query import PERIODS
from envybox.operator.console.words import LANGUAGES, choose, words
from envybox.types import TYPES

FOLDER = Path(module.__file__).parent
SOURCES = "\n".join(
    path.read_text("utf-8") for path in [*FOLDER.glob("templates/*.html"), *FOLDER.glob("*.py")]
)


def test_languages_say_the_same() -> None:
    """Each language has each text, and none has another's."""
    assert len({tuple(sorted(words(language))) for language in LANGUAGES}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_take_the_same_values(language: str) -> None:
    """A text has the same values put into it in each language."""
    english = {key: set(re.findall(r"{\w+}", text)) for key, text in words("en").items()}
    assert english == {k: set(re.findall(r"{\w+}", text)) for k, text in words(language).items()}
    assert all(words(language).values())


def test_every_text_is_used() -> None:
    """No text is left over from a page that is gone."""
    groups = (
        "type.",
        "state.",
        "period.",
        "filter.",
        "unit.",
        "field.",
        "check.",
        "result.",
        "keys.",
    )
    unused = {key for key in words("en") if not key.startswith(groups) and f'"{key}"' not in
        SOURCES.replace("'", '"')}  # fmt: skip
    assert set() == unused


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_types_and_states_have_names(language: str) -> None:
    """What Envybox sends today is called by a name in each language."""
    wanted = {f"type.{row.type}" for row in TYPES} | {f"state.{state}" for state in CALL_STATES}
    wanted |= {f"period.{period}" for period in PERIODS}
    assert set() == wanted - set(words(language))


@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "de, RU;q=0.5", "ru"),
        (None, "en-GB,ru;q=0.9", "en"),
        (None, "", "en"),
        ("en", "ru", "en"),
        ("xx", "ru", "ru"),
    ],
)
def test_the_language_is_the_reader_s(cookie: str | None, accepted: str, expected: str) -> None:
    """What was chosen comes first, then what the browser asks for, then English."""
    assert expected == choose(cookie, accepted)
