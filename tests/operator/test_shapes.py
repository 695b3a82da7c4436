"""The queries' shapes, and the indexes that they take: those of the Terraform configuration."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from envybox.event import Event
from envybox.operator.shapes import LISTED, PENDING, SELECTIVE, Shape, shape_of
from envybox.ports.lookup import Filters
from tests.operator.worlds import NOW

_CONFIGURATION = (Path(__file__).parents[2] / "terraform" / "database.tf").read_text()
_COMPOSITE = re.compile(r'^ +\w+ += \{ field = "([\w.]+)", order = "(\w+)" \}', re.MULTILINE)
_TEXTS = (*LISTED, *SELECTIVE)
_FLAGS = {"pending": True, "warnings": True, "older_than": 2, "since": NOW, "until": NOW}


def _all_filters() -> Iterator[tuple[set[str], Filters]]:
    """Yield every set of filters that can be asked for."""
    values = {**dict.fromkeys(_TEXTS, "x"), **_FLAGS}
    assert set(Filters.__struct_fields__) == set(values)
    for names in itertools.product(*((None, name) for name in values)):
        given = {name for name in names if name}
        yield given, Filters(**{name: values[name] for name in given})


def test_indexes_are_those_of_terraform() -> None:
    """The configuration has an index for each question, and none that no question needs."""
    needed = {
        index
        for _, filters in _all_filters()
        if not (shape := shape_of(filters)).any_of
        for index in shape.composites
    }
    assert set(_COMPOSITE.findall(_CONFIGURATION)) == needed


def test_indexes_of_pages_without_terraform() -> None:
    """The page for those without Terraform makes the same ones."""
    page = Path(__file__).parents[2] / "docs" / "deploy-without-terraform.md"
    (fields,) = re.findall(
        r"^for field in (.*); do\n  gcloud firestore indexes composite",
        page.read_text(),
        re.MULTILINE,
    )
    assert set(LISTED.values()) == set(fields.split())


def test_without_times() -> None:
    """Where times have no index, the selective fields and what is pending can be asked for."""
    head, _, tail = _CONFIGURATION.partition("var.database.index_times ? {")
    always = set(_COMPOSITE.findall(head))
    assert head
    assert tail
    for given, filters in _all_filters():
        shape = shape_of(filters)
        askable = bool(shape.any_of) or (shape.composites <= always and bool(shape.equal))
        assert askable == bool(given & {*SELECTIVE, "pending"})
        assert askable != shape.by_time


def test_complete() -> None:
    """A query that asks for all that the filters do says so, and no other."""
    for given, filters in _all_filters():
        shape = shape_of(filters)
        asked = {name for name, field in LISTED.items() if field in dict(shape.equal)}
        if PENDING in dict(shape.equal):
            asked.add("pending")
        asked |= {name for name, fields in SELECTIVE.items() if fields == shape.any_of}
        if shape.ranged:
            asked |= given & {"since", "until"}
        assert (asked == given) == shape.complete


def test_fields_are_the_documents() -> None:
    """Each field that is asked for is one that the event has."""
    paths = [*LISTED.values(), *(path for paths in SELECTIVE.values() for path in paths)]
    for path in paths:
        kind: type = Event
        for part in path.split("."):
            fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
            assert part in fields
            kind = next(
                (
                    t
                    for t in getattr(fields[part], "__args__", (fields[part],))
                    if hasattr(t, "__struct_fields__")
                ),
                str,
            )


def test_shapes_are_values() -> None:
    """The same question has the same shape."""
    assert Shape() == shape_of(Filters())
