from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from envybox.errors import SettingsError
from envybox.subscriber.config import choice, fields, responsible, table
from envybox.testing import sample

Read = Callable[[Mapping[str, str], str], Any]


def _choice(environ: Mapping[str, str], name: str) -> str:
    return choice(environ, name, ("ru", "en"))


def _table(environ: Mapping[str, str], name: str) -> dict[str, Any]:
    return table(environ, name, '{"a": 1}')


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (_choice, "de"),
        (_table, "{"),
        (_table, "[1]"),
        (responsible, "Ivan"),
        (responsible, '{"sales": "Ivan"}'),
        (responsible, '{"sales": -1}'),
        (fields, "[]"),
        (fields, '{"A": "roistat"}'),
        (fields, '{"A": "utm.sorce"}'),
        (fields, '{"A": "call.id"}'),
        (fields, '{"A": 1}'),
        (fields, '{"A": "extra."}'),
    ],
)
def test_what_cannot_be_used(read: Read, value: str) -> None:
    """A value that cannot be used is an error that names the setting."""
    with pytest.raises(SettingsError, match="NAME: "):
        read({"NAME": value}, "NAME")


def test_choice() -> None:
    """The first is the default."""
    assert ("ru", "ru", "en") == tuple(
        _choice(environ, "NAME") for environ in ({}, {"NAME": " "}, {"NAME": "en"})
    )


def test_table() -> None:
    """A table is a JSON object, empty where it is not set."""
    assert ({}, {"a": 1}) == (_table({}, "NAME"), _table({"NAME": ' {"a": 1}'}, "NAME"))


def test_responsible() -> None:
    """A user is one for all, or one for each department and one for all others."""
    assert 12 == responsible({"NAME": " 12 "}, "NAME").of("Sales")
    users = responsible({"NAME": '{"Продажи": 12, "": "7"}'}, "NAME")
    assert (12, 7, 7) == (users.of("ПРОДАЖИ"), users.of("other"), users.of(None))
    assert responsible({}, "NAME").of("sales") is None


def test_fields() -> None:
    """A field has what the event says at its path; one without a value is left out."""
    event = sample("lead.quiz", ids={"roistat": "123"}, extra={"a": "b"}, utm={"term": None})
    paths = '{"ROISTAT": "ids.roistat", "A": "extra.a", "B": "extra.b", "TERM": "utm.term"}'
    assert {"ROISTAT": "123", "A": "b"} == fields({"NAME": paths}, "NAME").of(event)
    default = {"ROISTAT": "ids.roistat"}
    assert {"ROISTAT": "123"} == fields({}, "NAME", default).of(event)
    assert {} == fields({"NAME": "{}"}, "NAME", default).of(event) == fields({}, "NAME").of(event)
