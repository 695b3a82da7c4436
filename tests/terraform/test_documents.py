"""The documents, held against the configuration."""

from __future__ import annotations

import re

from envybox import settings, types
from tests.terraform import tables, workspace

ALERTS = (workspace.CONFIGURATION / "alerts.tf").read_text()
RUNBOOK = (workspace.ROOT / "docs" / "runbook.md").read_text()
README = (workspace.CONFIGURATION / "README.md").read_text()


def test_tables_are_true() -> None:
    """The README's tables are what `python -m tests.terraform.tables` makes."""
    assert tables.filled(README) == README


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


def test_both_readmes_begin_alike() -> None:
    """Who starts from either page runs the same commands."""
    main = (workspace.ROOT / "README.md").read_text()
    first = [
        re.search(r"^(gcloud auth login.*?)^```", text, re.MULTILINE | re.DOTALL)
        for text in (main, README)
    ]
    assert all(first)
    assert 1 == len({found[1] for found in first if found})


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
