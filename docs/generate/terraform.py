"""The tables of inputs and outputs in terraform/README.md, from the configuration itself.

The files are read as `terraform fmt` leaves them: a block's name at the line's start, its
arguments two spaces in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from docs.generate import put

CONFIGURATION = Path(__file__).parents[2] / "terraform"

_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^  (\w+) += (.*(?:\n(?:   .*|  (?:[\])}].*|EOT)|))*)", re.MULTILINE)
_HEREDOC = re.compile(r"<<-EOT\n(.*?)\n\s*EOT", re.DOTALL)


class Block(NamedTuple):
    """A variable or an output: its kind, name and arguments as they are written."""

    kind: str
    name: str
    arguments: dict[str, str]

    @property
    def description(self) -> str:
        """The description, as one line of Markdown."""
        text = self.arguments["description"]
        heredoc = _HEREDOC.search(text)
        plain = heredoc.group(1) if heredoc else text.strip().strip('"').replace('\\"', '"')
        return " ".join(plain.split()).replace("|", "\\|")


def blocks(kind: str) -> list[Block]:
    """Return the configuration's variables or outputs, in the order of the files."""
    found = []
    files = sorted(
        CONFIGURATION.glob("*.tf"), key=lambda file: (file.name != "variables.tf", file.name)
    )
    for file in files:
        for kind_, name, body in _BLOCK.findall(file.read_text()):
            if kind_ == kind:
                arguments = {key: value.strip() for key, value in _ARGUMENT.findall(body)}
                found.append(Block(kind_, name, arguments))
    return found


def inputs() -> str:
    """Return the table of variables, then the shape of each that is an object."""
    lines = ["| Name | What it is | Type | Default |", "|---|---|---|---|"]
    shapes = []
    for block in blocks("variable"):
        type_, default = block.arguments["type"], block.arguments.get("default")
        if "\n" in type_:
            shapes += [f"`{block.name}`:", "", "```hcl", _outdent(type_), "```", ""]
            type_ = type_.split("({")[0].replace("map(object", "map of object") + " (below)"
        shown = "required" if default is None else f"`{default}`"
        lines.append(f"| `{block.name}` | {block.description} | {type_} | {shown} |")
    return "\n".join([*lines, "", *shapes]).strip()


def outputs() -> str:
    """Return the table of outputs."""
    rows = [f"| `{block.name}` | {block.description} |" for block in blocks("output")]
    return "\n".join(["| Name | What it is |", "|---|---|", *rows])


def _outdent(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.splitlines())


def filled(text: str) -> str:
    """Return the README with its two generated parts made anew."""
    for name, table in (("inputs", inputs()), ("outputs", outputs())):
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        text = put(text, begin, f"\n{table}\n", end)
    return text
