"""The reference, docs/cli.md, is what the commands say."""

from __future__ import annotations

import click
import pytest

from docs.generate import cli as reference
from envybox.operator.__main__ import cli
from envybox.operator.loaders import LOADERS
from envybox.settings import SETTINGS


def test_is_true() -> None:
    """The page is what `python -m docs.generate.cli` makes."""
    text = reference.PAGE.read_text("utf-8")
    assert reference.filled(text) == text


def test_needs_its_place() -> None:
    """A page without the place for it is told."""
    with pytest.raises(ValueError, match="there is no"):
        reference.filled("# A page")


@pytest.mark.parametrize("name", ["", *LOADERS])
def test_each_option_is_documented(name: str) -> None:
    """Each option has a help of a sentence, and stands in the reference at its command."""
    command = LOADERS[name][0]() if name else cli
    page = reference.PAGE.read_text("utf-8")
    heading = f"## envybox {name}\n" if name else "## Options of all commands\n"
    section = page.split(heading)[1].split("\n## ")[0]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert options
    for option in options:
        assert option.help
        assert option.help.rstrip().endswith((".", "]"))
        assert f"`{option.opts[0]}" in section


def test_settings_are_the_functions() -> None:
    """The variables that the options name are the function's own."""
    known = {setting.name for setting in SETTINGS}
    named = {
        option.help.split("[")[1].rstrip("]")
        for option in cli.params
        if isinstance(option, click.Option) and option.help and "[" in option.help
    }
    assert named
    assert named <= known
