"""Each block of code in the documents is held to the code, or the reason is told why not."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator

import click
import functions_framework._cli
import pytest

from envybox.operator.__main__ import cli
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, inline

LANGUAGES = {
    "sh": "here: a shell takes it, and the project's own programs take their arguments",
    "bash": "as sh",
    "python": "run by the tests in PYTHON below",
    "json": "here, where it is whole; what has an … shows a form",
    "hcl": "tests/terraform/test_documents.py has Terraform read it",
    "sql": "tests/docs/test_bigquery.py runs those of bigquery.md, "
    "tests/terraform/test_documents.py holds that of security.md to the table",
    "mermaid": "made by docs/generate, which tests/docs/test_pages.py holds to the code",
    "text": "shows what a person sees, or draws: nothing that could be run",
}
"""What a language's blocks are held to."""

PYTHON = {
    "README.md": ["tests/subscriber/test_pages.py::test_readme"],
    "docs/try.md": ["tests/subscriber/test_pages.py::test_try"],
    "docs/subscribers.md": [
        "tests/subscriber/test_pages.py::test_once",
        "tests/subscriber/test_pages.py::test_subject",
        "tests/subscriber/test_pages.py::test_stories",
        "tests/subscriber/test_pages.py::test_function",
        "tests/subscriber/test_pages.py::test_tests",
    ],
    "docs/ru/developer.md": ["tests/docs/test_russian.py::test_blocks_are_said_elsewhere"] * 2,
    "docs/reliability.md": ["not run: it changes a deployed project; its syntax is looked at"],
}
"""What runs each page's blocks of Python, in their order."""

NOT_RUN = {
    "needs an account of Google's; docs/deploy-checklist.md says what is to be confirmed": {
        "gcloud",
    },
    "the system's, of which nothing here is ours": {
        *("base64", "cp", "curl", "echo", "eval", "export", "git", "jq", "local", "printf"),
        *("read", "sed", "shift", "source", "sqlite3", "."),
    },
}
"""The programs whose arguments are not looked at, by the reason."""

_KEYWORDS = {"do", "done", "for", "while", "then", "fi", "if", "{", "}"}
_ENDS = {"|", "||", "&&", ";", "&", "(", ")", "()", ");", "|&"}


@pytest.mark.parametrize("block", blocks(), ids=lambda block: f"{block.page}:{block.info}")
def test_a_language_is_known(block: Block) -> None:
    """Each block says its language, and it is known what holds that to the code."""
    assert block.language in LANGUAGES, block.text


def test_python_is_run() -> None:
    """Each block of Python is valid, and the test that runs it exists."""
    found: dict[str, int] = {}
    for block in blocks("python"):
        ast.parse(block.text)
        found[block.page] = found.get(block.page, 0) + 1
    assert {page: len(tests) for page, tests in PYTHON.items()} == found
    for test in (test for tests in PYTHON.values() for test in tests):
        path, _, name = test.partition("::")
        assert test.startswith("not run: ") or f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.page)
def test_json(block: Block) -> None:
    """What is JSON can be read, unless it leaves something out and says so."""
    if "…" not in block.text:
        json.loads(block.text)


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=lambda block: block.page)
def test_commands(block: Block) -> None:
    """A shell takes each block of commands, and our own programs take what they are given."""
    text = re.sub(r"<[a-z-]+/>", "my-project-123", block.text)  # Cloud Shell's own
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    folder = "."
    made: set[str] = set()
    functions = set(re.findall(r"^(\w+)\(\) \{", DOCUMENTS[block.page], re.MULTILINE))
    for words in _commands(text):
        program, *arguments = words
        program = program.removeprefix(".venv/bin/")
        if program == "cd":
            folder = arguments[0]
            assert folder in made or (ROOT / folder).is_dir(), folder
        elif program == "cp":
            made.add(arguments[-1])
        elif program == "terraform":
            _terraform(block.page, folder if folder not in made else "examples/template", arguments)
        elif program == "pytest":
            assert all(one in made or (ROOT / one).exists() for one in arguments)
        elif program in CHECKS:
            CHECKS[program](arguments)
        else:
            known = functions.union(*NOT_RUN.values())
            assert program in known, f"{program}: say in NOT_RUN why it is not looked at"


@pytest.mark.parametrize("program", ["make", "envybox"])
def test_commands_in_the_text(program: str) -> None:
    """What a text names in passing is taken too: `make run`, `envybox doctor`."""
    found = list(inline(program))
    assert len(found) > 20
    for page, command in found:
        try:
            CHECKS[program](shlex.split(command.replace("…", "x"))[1:])
        except click.BadOptionUsage:
            pass  # `envybox replay --to`: the option is there, its value is not the point
        except (AssertionError, click.ClickException) as error:
            pytest.fail(f"{page}: {command}: {error}")


def _commands(text: str) -> Iterator[list[str]]:
    """Yield each simple command of a block, without assignments and redirections."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word == "()":  # a function's name is no command
                words.clear()
            elif word in _ENDS:
                if words and words[0] != "for":
                    yield words
                words = []
            elif words or not (word in _KEYWORDS - {"for"} or re.match(r"\w+=", word)):
                words.append(word)


def _make(arguments: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {
        name
        for line in re.findall(r"^([a-z]+(?: [a-z]+)*):", makefile, re.MULTILINE)
        for name in line.split()
    }
    for word in arguments:
        name, is_variable, _ = word.partition("=")
        if is_variable:
            assert re.search(rf"\b{name}\b", makefile), f"make knows no {name}"
        else:
            assert word in targets, f"make knows no {word}"


def _envybox(arguments: list[str]) -> None:
    program = click.Context(cli)
    _, rest, _ = cli.make_parser(program).parse_args(list(arguments))
    if rest:
        command = cli.get_command(program, rest[0])
        assert command, f"envybox knows no {rest[0]}"
        command.make_parser(click.Context(command, parent=program)).parse_args(rest[1:])


def _python(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), arguments[1]
    else:
        path = ROOT / arguments[0]
        assert path.exists() or (ROOT / "terraform" / arguments[0]).exists(), path


def _pip(arguments: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "install" == arguments[0]
    for extra in re.findall(r"\[(\w+)\]", " ".join(arguments)):
        assert extra in project["optional-dependencies"]


def _framework(arguments: list[str]) -> None:
    command = functions_framework._cli._cli
    command.make_parser(click.Context(command)).parse_args(list(arguments))


def _terraform(page: str, folder: str, arguments: list[str]) -> None:
    assert arguments[0] in {"init", "apply", "plan", "import", "show", "state", "destroy", "test"}
    where = "terraform" if folder == "." else folder  # pages on the state begin there
    inputs = "".join(file.read_text("utf-8") for file in (ROOT / where).glob("*.tf"))
    words = iter(arguments)
    for word in words:
        if word == "-var":
            name = next(words).partition("=")[0]
            assert f'variable "{name}"' in inputs, f"{page}: {where} has no variable {name}"


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "make": _make,
    "envybox": _envybox,
    "python": _python,
    "python3": _python,
    "pip": _pip,
    "functions-framework": _framework,
}
"""What looks at the arguments of the project's own programs."""
