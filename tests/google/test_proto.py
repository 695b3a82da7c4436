from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envybox.google.proto import classes

TREE = """
message Tree {
  message Leaf {
    bytes colour = 1;
  }
  oneof what {
    Leaf leaf = 1;
    string label = 5;
  }
  repeated Tree trees = 2;
  map<string, Tree> by_name = 3;
  map<string, double> weights = 4;
  repeated int64 ages = 6;
}
message Garden {
  Tree.Leaf fallen = 1;
  int32 count = 2;
  bool open = 3;
}
"""


@pytest.fixture(scope="module")
def of() -> dict[str, Any]:
    """The classes of the text above."""
    return classes(TREE)


def test_classes(of: dict[str, Any]) -> None:
    """The outer messages have a class each, that has their fields and keeps their rules."""
    assert ["Tree", "Garden"] == list(of)
    tree = of["Tree"](label="elm", ages=[1, 2])
    tree.trees.add().leaf.colour = b"green"
    tree.by_name["a"].weights["b"] = 1.5
    tree.leaf.colour = b"red"  # of a oneof, the last that was set
    assert not tree.HasField("label")
    again = of["Tree"].FromString(tree.SerializeToString())
    assert again == tree
    assert (b"green", 1.5) == (again.trees[0].leaf.colour, again.by_name["a"].weights["b"])
    garden = of["Garden"](count=-1, open=True)
    garden.fallen.colour = b"brown"
    # By the encoding's rules: key 1 << 3 | 2, its length, …; -1 takes ten bytes.
    assert b"\x0a\x07\x0a\x05brown\x10" + b"\xff" * 9 + b"\x01\x18\x01" == (
        garden.SerializeToString()
    )


@pytest.mark.parametrize(
    "line", ["string name = 1", "enum E {", "map<int32, Tree> a = 1;", "// why", "string = 1;"]
)
def test_no_line(line: str) -> None:
    """A line of more than this reads is an error that has the line."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is looked at
        classes(f"message M {{\n  {line}\n}}\n")
    assert (line,) == error.value.args


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("string a = 1;", "string a = 1;"),
        ("message M {\n}\n}", "}"),
        ("oneof a {", "oneof a {"),
        ("message M {\nstring a = 1;", "M"),
    ],
)
def test_no_nesting(text: str, told: str) -> None:
    """What stands where it may not, and what has no end, is an error that names it."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is looked at
        classes(text)
    assert (told,) == error.value.args


@pytest.mark.parametrize(
    "fields", ["Nothing a = 1;", "string a = 1;\nstring b = 1;", "string a = 1;\nstring a = 2;"]
)
def test_no_message(fields: str) -> None:
    """A type that there is not, a number twice and a name twice are errors."""
    with pytest.raises(TypeError):
        classes(f"message M {{\n{fields}\n}}\n")


_fields = st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers(1, 18_999))


@given(st.lists(_fields, unique_by=(itemgetter(0), itemgetter(1))))
def test_numbers(fields: list[tuple[str, int]]) -> None:
    """Each field has the number that its line gives it, whatever the order of the numbers."""
    lines = "\n".join(f"  string {name} = {number};" for name, number in fields)
    made = classes(f"message M {{\n{lines}\n}}\n")["M"]
    assert dict(fields) == {field.name: field.number for field in made.DESCRIPTOR.fields}
