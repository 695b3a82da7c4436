from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envybox.subscriber.answers import MOST, answers
from envybox.testing import sample


def test_a_quiz() -> None:
    """A quiz's answers come with their questions, whichever way they are nested."""
    data = {"quiz": {"Площадь": "40", "Когда": ["сейчас", "потом"]}, "empty": " ", "none": None}
    event = sample("lead.quiz", custom_data=data, extra={"source": "landing"})
    expected = [
        ("quiz / Площадь", "40"),
        ("quiz / Когда", "сейчас"),
        ("quiz / Когда", "потом"),
        ("source", "landing"),
    ]
    assert expected == answers(event)


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_json)
def test_whatever_a_site_passes_along(data: Any) -> None:
    """Any JSON gives some short list of texts."""
    found = answers(sample("lead.quiz", custom_data=data))
    assert len(found) <= MOST
    assert all(value.strip() for _, value in found)
