"""The Russian pages say what the English ones and the code say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docs.generate.pages import ROOT
from envybox import errors
from envybox.settings import SETTINGS
from tests.docs import russian
from tests.docs.russian import PAGES, corpus
from tests.examples.world import EXAMPLES, NAMES

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
READMES = [EXAMPLES / "README.ru.md", *(EXAMPLES / name / "README.ru.md" for name in NAMES)]


@every_page
def test_what_is_in_code_is_said_elsewhere(page: Path) -> None:
    """Each command, name, setting and text that a program prints is in the code or in English."""
    assert [] == russian.unknown(page.read_text("utf-8"), corpus())


@every_page
def test_blocks_are_said_elsewhere(page: Path) -> None:
    """Each line of a block is in an English page or in the code, Python as a whole."""
    found = [
        line
        for name, body in russian.blocks(page)
        if not name.startswith("text ")  # what a run printed: tests/terraform holds it to that
        for line in russian.unknown_lines(name, body, corpus())
    ]
    assert [] == found


@every_page
def test_variables_are_settings(page: Path) -> None:
    """Each environment variable that a page names is read by the code."""
    assert set() == russian.variables(page.read_text("utf-8")) - _settings()


def _settings() -> set[str]:
    read = {setting.name for setting in SETTINGS} | {"ENVYBOX_KEY", "ENVYBOX_URL"}
    for file in EXAMPLES.rglob("*.py"):
        read |= set(re.findall(r'"([A-Z0-9]+_[A-Z0-9_]+)"', file.read_text("utf-8")))
    return read


@every_page
def test_figures_are_those_of_the_english_pages(page: Path) -> None:
    """Each figure with a unit stands in an English page with the same unit."""
    said = corpus()
    told = russian.figures(page.read_text("utf-8"))
    assert [] == [
        whole for whole, figure, unit in told if not russian.is_a_figure(figure, unit, said)
    ]


@pytest.mark.parametrize(
    "page", [*PAGES, *READMES], ids=lambda page: f"{page.parent.name}/{page.name}"
)
def test_links(page: Path) -> None:
    """A link leads to what is there, down to the section, and to Russian where there is Russian."""
    assert [] == russian.dead(russian.links(page.read_text("utf-8")), page)


def test_the_readme_is_short() -> None:
    """The front door is read in a minute."""
    assert 150 > len((ROOT / "README.ru.md").read_text("utf-8").splitlines())


def test_every_page_is_on_the_way_in() -> None:
    """index.md leads to each page of the folder."""
    index = russian.FOLDER / "index.md"
    others = {page.name for page in PAGES[1:]} - {"index.md"}
    assert others <= set(russian.links(index.read_text("utf-8")))


@pytest.mark.parametrize("name", ["amocrm", "bitrix24"])
def test_every_setting_of_a_crm_is_told(name: str) -> None:
    """crm.md has the settings of the function's own page, with the same defaults."""
    row = re.compile(rf"^\| `({name.upper()}_\w+)` \| ([^|]*)\|", re.MULTILINE)
    own = row.findall((EXAMPLES / name / "README.ru.md").read_text("utf-8"))
    assert own == row.findall((russian.FOLDER / "crm.md").read_text("utf-8"))
    assert len(own) > 3


def test_every_answer_of_the_receiver_is_told() -> None:
    """errors.md has each refusal's status and code, and each status of what is accepted."""
    page = (russian.FOLDER / "errors.md").read_text("utf-8")
    kinds = errors.RequestError.__subclasses__()
    assert len(kinds) > 6
    for kind in kinds:
        assert f"| {kind.status} | `{kind.code}` |" in page
    for status in ("published", "stored", "spooled", "duplicate", "unavailable"):
        assert status in page


@pytest.mark.parametrize("module", ["checks", "__main__", "terraform", "gcloud", "settings"])
def test_every_refusal_of_a_deployment_is_told(module: str) -> None:
    """errors.md has some words of each text by which `make deploy` and its like stop."""
    page = (russian.FOLDER / "errors.md").read_text("utf-8")
    code = (ROOT / "terraform" / "deploy" / f"{module}.py").read_text("utf-8")
    texts = refusals(code)
    assert texts
    assert [] == [text for text in texts if not is_told(text, page)]


def refusals(code: str) -> list[str]:
    """Return the texts of what a module raises for a person to read."""
    calls = [
        node.exc.args[0]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in {"Stop", "Refused"}
    ]
    texts = [ast.unparse(call).strip("f'\"") for call in calls if not isinstance(call, ast.Name)]
    # Two that say what was told before: a count of refusals, and that an answer was no.
    return [text for text in texts if "to mend (" not in text and text != "Nothing was removed."]


def is_told(text: str, page: str) -> bool:
    """Return whether a page has the beginning of a text, `…` for its values."""
    beginning = re.sub(r"(\{[^}]*\}\.?)+", "…", text.partition("' +")[0])[:32]
    parts = [re.escape(part) for part in re.split(" *… *", beginning) if part]
    return re.search(".{0,4}?".join(parts), page) is not None


def test_every_command_is_told() -> None:
    """developer.md has each command of `envybox`."""
    commands = re.findall(
        r"^## (envybox \w+)$", (ROOT / "docs" / "cli.md").read_text("utf-8"), re.MULTILINE
    )
    page = (russian.FOLDER / "developer.md").read_text("utf-8")
    assert [] == [command for command in commands if f"| `{command}` |" not in page]


SAID = """make deploy PROJECT=my-project-123
It waits two minutes, 31 days, 1,000 fields. The {} is lost: {}."""


def test_the_checks_can_fail(tmp_path: Path) -> None:
    """A wrong command, text, line, block, setting, figure and link is found, each by its check."""
    assert ["make deplay"] == russian.unknown("`make deplay` `make deploy`", SAID)
    assert ["is … found"] == russian.unknown("`The … is lost: …` `is … found`", SAID)
    assert ["make deplay PROJECT=x"] == russian.unknown_lines(
        "sh", "make deploy PROJECT=my-project-123 # так\nmake deplay PROJECT=x\n", SAID
    )
    assert ["a = 1\nc = 2\n"] == russian.unknown_lines(
        "python", "a = 1\nc = 2\n", "a = 1 b = 1 c = 2"
    )
    assert {"ENVYBOX_KEYZ"} == russian.variables("`ENVYBOX_KEYZ`, `ENVYBOX_KEYS`") - _settings()
    wrong = [
        whole
        for whole, figure, unit in russian.figures(
            "2 минуты, 31 день, 1000 полей, 32 дня, 1,5 с\n## Закон\n30 дней\n"
        )
        if not russian.is_a_figure(figure, unit, SAID)
    ]
    assert ["1,5 с", "32 дня"] == wrong
    page = tmp_path / "page.ru.md"
    page.write_text("# Слово\n")
    (tmp_path / "page.md").write_text("")
    (tmp_path / "a.md").write_text("")
    (tmp_path / "a.ru.md").write_text("")
    links = russian.links("[a](#слово) [b](#дело) [c](b.md) [d](a.md) [e](a.ru.md) [f](page.md)")
    assert ["#дело", "b.md", "a.md, which is there in Russian"] == russian.dead(links, page)
    assert ["There is no project {name}"] == refusals("raise Stop(f'There is no project {name}')")
    assert not is_told("There is no project {name}", "There was no project")
