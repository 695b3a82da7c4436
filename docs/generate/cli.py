"""The reference of the operator's commands, docs/cli.md, from the commands themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from envybox.operator.__main__ import cli
from envybox.operator.loaders import LOADERS

PAGE = Path(__file__).parents[1] / "cli.md"
_BEGIN, _END = "<!-- commands -->\n", "<!-- /commands -->"


def filled(text: str) -> str:
    """Return the page's text with the reference as it is now."""
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"there is no {_BEGIN!r} … {_END!r}")
    return f"{head}{begin}{_reference()}\n{end}{tail}"


def _reference() -> str:
    parts = ["## Options of all commands", "", *_options(cli), ""]
    for name, (load, _) in LOADERS.items():
        command = load()
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
        parts += [f"## envybox {name}", "", f"`envybox {name} {usage}`", ""]
        parts += [_text(command.help or ""), "", *_options(command), ""]
        parts += ["```bash", command.example, "```", ""]
    return "\n".join(parts).rstrip()


def _options(command: click.Command) -> list[str]:
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = [f"| `{_spelled(option)}` | {_meaning(option)} |" for option in options]
    return ["| Option | What it does |", "|---|---|", *rows]


def _spelled(option: click.Option) -> str:
    takes = "" if option.is_flag else f" {option.make_metavar(click.Context(cli))}"
    return f"{' '.join(option.opts)}{takes}".replace("|", "\\|")


def _meaning(option: click.Option) -> str:
    default: Any = option.default
    shown = f" Default: `{default}`." if option.show_default and default is not None else ""
    often = " Repeatable." if option.multiple else ""
    return f"{option.help}{shown}{often}".replace("|", "\\|")


def _text(help_: str) -> str:
    paragraphs = [" ".join(part.split()) for part in help_.split("\n\n")]
    pieces = "\n\n".join(paragraphs).split("`")  # every second one is code already
    pieces[::2] = [re.sub(r"(?<![\w-])(--[a-z-]+)", r"`\1`", piece) for piece in pieces[::2]]
    return "`".join(pieces)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
