"""The documents, held against the configuration."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from docs.generate import terraform as tables
from envybox import settings, types
from tests.docs.documents import Block, blocks
from tests.terraform import workspace

ALERTS = (workspace.CONFIGURATION / "alerts.tf").read_text()
RUNBOOK = (workspace.ROOT / "docs" / "runbook.md").read_text()
README = (workspace.CONFIGURATION / "README.md").read_text()


def test_every_variable_and_output_is_in_the_tables() -> None:
    """No block is overlooked: the tables have as many rows as the files have blocks."""
    text = "".join(file.read_text() for file in workspace.CONFIGURATION.glob("*.tf"))
    for kind in ("variable", "output"):
        names = re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE)
        assert sorted(names) == sorted(block.name for block in tables.blocks(kind))
        assert all(f"| `{name}` |" in README for name in names)


def test_every_variable_of_the_configuration_refuses_null_or_explains_it() -> None:
    """A variable either cannot be null, or its description says what null means."""
    for block in tables.blocks("variable"):
        nullable = block.arguments.get("nullable") != "false"
        assert not nullable or "`null`" in block.description, block.name


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    """The runbook's headings are the alerts' titles, all of them and no others."""
    titles = re.findall(r'^ +title += "(.+)"$', ALERTS, re.MULTILINE)
    assert len(titles) == 12
    assert sorted(titles) == sorted(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))


def test_the_runbook_says_what_to_do() -> None:
    """Each section has its three parts, and no variable of Cloud Monitoring's."""
    for section in RUNBOOK.split("\n## ")[1:]:
        parts = re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE)
        assert ["What it means.", "What to look at.", "What to do."] == parts
        assert "${" not in section


def test_alerts_that_can_be_off_are_those_that_there_are() -> None:
    """`alerts.off` takes the alerts' keys, save the one that is off by default."""
    keys = re.findall(r"^    (\w+) = \{\n      title", ALERTS, re.MULTILINE)
    variables = (workspace.CONFIGURATION / "variables_watching.tf").read_text()
    (listed,) = re.findall(r"contains\(\[(.*)\], alert\)", variables)
    assert sorted(keys) == sorted([*re.findall(r'"(\w+)"', listed), "no_traffic"])


def test_deploying_by_hand_makes_what_the_code_needs() -> None:
    """The page without Terraform names every topic, and sets only settings that the code knows."""
    page = (workspace.ROOT / "docs" / "deploy-without-terraform.md").read_text()
    for row in types.TYPES:
        assert row.type.replace(".", "-") in page
    known = {setting.name for setting in settings.SETTINGS}
    named = set(re.findall(r"\b(?:ENVYBOX_\w+|GOOGLE_CLOUD_PROJECT)\b", page))
    assert named <= known
    for needed in ("spool", "spool-dead", "--runtime=python313", "publish.state", "expire_at"):
        assert needed in page


PAGES = {
    file.relative_to(workspace.ROOT).as_posix(): file.read_text()
    for file in (
        *(workspace.ROOT / "docs").glob("deploy-*.md"),
        workspace.ROOT / "docs" / "terraform-state.md",
        workspace.ROOT / "docs" / "runbook.md",
        workspace.ROOT / "docs" / "upgrade.md",
        workspace.CONFIGURATION / "README.md",
    )
}


@pytest.mark.parametrize("block", blocks("hcl"), ids=lambda block: block.page)
def test_terraform_reads_its_blocks(block: Block) -> None:
    """Each block of Terraform's language is such, as a type that a table shows is too."""
    text = f"type = {block.text}" if re.match(r"[a-z]+\(", block.text) else block.text
    command = [*workspace.program("TERRAFORM", "terraform"), "fmt", "-no-color", "-"]
    result = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env=workspace.environment(),
    )
    assert (0, "") == (result.returncode, result.stderr)


@pytest.mark.parametrize("page", PAGES)
def test_documents_name_what_there_is(page: str) -> None:
    """Variables, resources and files that a page names exist."""
    text = PAGES[page]
    inputs = {block.name for block in tables.blocks("variable")}
    assert set(re.findall(r"-var[= ]'?(\w+)=", text)) <= inputs
    assert set(re.findall(r"\bTF_VAR_(\w+)", text)) <= inputs
    configuration = "".join(file.read_text() for file in workspace.CONFIGURATION.glob("*.tf"))
    for kind, name in re.findall(r"\b(google_\w+)\.(\w+)", text):
        assert f'resource "{kind}" "{name}"' in configuration
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (workspace.ROOT / page).parent.joinpath(link).exists(), link


def test_the_tutorial_is_one_for_cloud_shell() -> None:
    """It has a title, steps and Google's directives, each of which is closed."""
    page = PAGES["docs/deploy-cloud-shell.md"]
    assert page.startswith("# ")
    assert len(re.findall("^## ", page, re.MULTILINE)) >= 5
    opened = re.findall(r"<(walkthrough-[a-z-]+)(?: [^>]*)?>", page)
    closed = re.findall(r"</(walkthrough-[a-z-]+)>", page)
    assert sorted(opened) == sorted(closed)
    readme = (workspace.ROOT / "README.md").read_text()
    link = re.search(r"cloudshell_tutorial=([\w./-]+)", readme)
    assert link
    assert link[1] == "docs/deploy-cloud-shell.md"


def test_the_commands_of_the_tutorial_are_the_outputs() -> None:
    """How the key is read and set is told alike on the page and after an apply."""
    page = PAGES["docs/deploy-cloud-shell.md"].replace("<walkthrough-project-id/>", "PROJECT")
    steps = (workspace.CONFIGURATION / "next_steps.tf").read_text().replace('\\"', '"')
    steps = steps.replace("${var.name}", "envybox").replace("${var.project}", "PROJECT")
    steps = steps.replace("${google_secret_manager_secret.keys.secret_id}", "envybox-keys")
    for name in ("add_key_command", "read_key_command"):
        (command,) = re.findall(rf'^  {name} += "(.*)"$', steps, re.MULTILINE)
        assert command in page


def test_the_examples_of_files_work(variables_alone: Path) -> None:
    """terraform.tfvars.example is taken as it stands, what is commented out in it too."""
    example = (workspace.CONFIGURATION / "terraform.tfvars.example").read_text()
    head, _, rest = example.partition("\nproject")
    text = f"project{rest}"
    for mark in ("budget", "retention_days", "subscriptions", "  crm", "}"):
        text = text.replace(f"# {mark}", mark)
    file = variables_alone / "example.tfvars"
    file.write_text(text)
    arguments = ("-input=false", "-no-color", "-lock=false", f"-var-file={file}")
    result = workspace.terraform("plan", *arguments, folder=variables_alone)
    file.unlink()
    assert (0, "") == (result.returncode, result.stderr), head


def test_every_file_names_its_licence() -> None:
    """Each Terraform file, and each of make deploy's, begins with its SPDX identifier."""
    files = [
        *workspace.CONFIGURATION.rglob("*.tf"),
        *workspace.CONFIGURATION.rglob("*.hcl"),
        *(workspace.CONFIGURATION / "deploy").glob("*.py"),
    ]
    head = "# SPDX-License-Identifier: Apache-2.0\n"
    ours = [file for file in files if ".terraform" not in file.parts]
    assert [] == [file.name for file in ours if not file.read_text().startswith(head)]


def test_erasure_in_bigquery_names_what_there_is() -> None:
    """The statement of docs/security.md reads a field of the text that the table holds."""
    page = (workspace.ROOT / "docs" / "security.md").read_text()
    (found,) = re.findall(
        r"FROM `PROJECT\.envybox\.(\w+)` WHERE JSON_VALUE\((\w+), '\$\.(.+?)'", page
    )
    table, column, path = found
    configuration = (workspace.CONFIGURATION / "subscriptions_bigquery.tf").read_text()
    assert "events_messages" == table
    assert f'{{ name = "{column}", type = "STRING"' in configuration
    assert f'path = "{path}"' in configuration


def test_the_bill_adds_up() -> None:
    """Each line of docs/cost.md's example is its amount times a listed price; so is the sum."""
    page = (workspace.ROOT / "docs" / "cost.md").read_text()
    prices = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", page, re.MULTILINE))
    lines = re.findall(
        r"^\| (\w[\w/ ]*) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE
    )
    assert len(lines) == len(prices) == 8
    for name, amount, price, dollars in lines:
        assert price in prices.values(), name
        assert round(float(amount) * float(price), 2) == float(dollars), name
    (together,) = re.findall(r"\*\*together\*\* \| \| \| \*\*([\d.]+)\*\*", page)
    assert round(sum(float(line[3]) for line in lines), 2) == float(together)
