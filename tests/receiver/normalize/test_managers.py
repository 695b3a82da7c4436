from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.receiver.normalize.support import event_with, reasons

A = "+79000000000"
B = "+79000000001"
NOBODY = ("managers_phones", "an entry that is no manager")


def _managers(text: str) -> list[tuple[str | None, str | None]]:
    event = event_with(managers_phones=text)
    assert [] == event.warnings
    return [(manager.name, manager.phone) for manager in event.managers]


@pytest.mark.parametrize(
    ("text", "managers"),
    [
        ('[{"manager_name": "Мария", "phone": "79000000000"}]', [("Мария", A)]),
        ('[{"name": "Мария", "phone": 79000000000}]', [("Мария", A)]),
        ('[{"manager_name": "", "name": "Мария"}]', [("Мария", None)]),
        ('[{"manager_name": "Мария", "name": "М."}]', [("Мария", None)]),
        ('[{"manager_name": 7, "phone": null}]', [("7", None)]),
        ("[{«manager_name»:»»,»phone»:»79000000000″}]", [(None, A)]),
        ('[{"manager_name": "", "phone": ""}, {}]', [(None, None), (None, None)]),
        ('{"4": {"phone": "79000000000"}, "7": {"name": "x"}}', [(None, A), ("x", None)]),
        ('{"phone": "79000000000"}', [(None, A)]),
        ('{"manager_name": "Мария", "id": 1}', [("Мария", None)]),
        ('["79000000000", 79000000001, ""]', [(None, A), (None, B)]),
        ("79000000000", [(None, A)]),
        ('"8 (900) 000-00-01"', [(None, B)]),
        (r'"[{\"manager_name\":\"Мария\",\"phone\":\"79000000000\"}]"', [("Мария", A)]),
        (r'["{\"name\":\"Мария\"}", "{\"phone\":\"79000000001\"}"]', [("Мария", None), (None, B)]),
        (r"[{\"phone\":\"79000000000\"}]", [(None, A)]),
        ("null", []),
        ("{}", []),
        ("[]", []),
        ("", []),
    ],
)
def test_shapes(text: str, managers: list[tuple[str | None, str | None]]) -> None:
    """Managers are read from every shape in which they may come."""
    assert managers == _managers(text)


@pytest.mark.parametrize(
    ("text", "managers", "warning"),
    [
        ("Мария 79000000000", [], ("managers_phones", "not JSON")),
        ("[" * 101 + "]" * 101, [], ("managers_phones", "nested too deeply")),
        ('[null, {"phone": "79000000000"}]', [(None, A)], NOBODY),
        ("[true]", [], NOBODY),
        ("[[1]]", [], NOBODY),
        ("[1.5]", [], NOBODY),
        ('{"id": [1]}', [], NOBODY),
        ('[{"name": ["x"], "phone": "79000000000"}]', [(None, A)], NOBODY),
        ('[{"name": "x", "phone": false}]', [("x", None)], NOBODY),
        (
            '[{"name": "x", "phone": "нет"}]',
            [("x", None)],
            ("managers_phones", "not a phone number"),
        ),
        ('["нет"]', [], ("managers_phones", "not a phone number")),
        (
            '[{"name": "\\ud800"}]',
            [("\ufffd", None)],
            ("managers_phones", "a lone surrogate was replaced"),
        ),
    ],
)
def test_what_is_no_manager(
    text: str, managers: list[tuple[str | None, str | None]], warning: tuple[str, str]
) -> None:
    """What is no manager is left out with a warning, the others stay."""
    event = event_with(managers_phones=text)

    assert managers == [(manager.name, manager.phone) for manager in event.managers]
    assert [warning] == reasons(event)


def test_many() -> None:
    """The first 200 managers are taken, with a warning where there are more."""
    full = event_with(managers_phones=json.dumps([{"name": str(n)} for n in range(200)]))
    over = event_with(managers_phones=json.dumps([{"name": str(n)} for n in range(201)]))

    assert full.managers == over.managers
    assert ([], [("managers_phones", "over 200 entries")]) == (full.warnings, reasons(over))


_people = st.fixed_dictionaries({"manager_name": st.text(), "phone": st.integers()})
_entries = st.one_of(
    _people, st.none(), st.booleans(), st.floats(), st.text(), st.integers(), st.lists(st.text())
)


@settings(deadline=None)
@given(st.lists(_entries, max_size=6) | st.dictionaries(st.text(), _entries, max_size=6) | _entries)
def test_any_json(value: object) -> None:
    """Any JSON at all is a list of managers, and every object in a list is one of them."""
    managers = event_with(managers_phones=json.dumps(value)).managers

    if isinstance(value, list) and "NaN" not in json.dumps(value):
        assert sum(isinstance(entry, dict) for entry in value) <= len(managers) <= len(value)
